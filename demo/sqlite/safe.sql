-- A tier beside the plan: running code goes on, the plan goes in a later release.
-- UP
ALTER TABLE customers ADD COLUMN tier TEXT;
UPDATE customers SET tier = plan WHERE tier IS NULL;

-- DOWN
ALTER TABLE customers DROP COLUMN tier;
