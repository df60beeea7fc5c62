-- Plans are called tiers from now on, and email is called mail.
-- UP
ALTER TABLE customers ADD COLUMN tier TEXT NOT NULL DEFAULT 'free';
UPDATE customers SET tier = plan;
ALTER TABLE customers DROP COLUMN plan;
ALTER TABLE customers RENAME COLUMN email TO mail;

-- DOWN
ALTER TABLE customers RENAME COLUMN mail TO email;
ALTER TABLE customers ADD COLUMN plan TEXT NOT NULL DEFAULT 'free';
ALTER TABLE customers DROP COLUMN tier;
