-- Every customer has a tier and a token, and orders are found by customer.
-- UP
ALTER TABLE customers ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE customers ADD COLUMN tier text;
UPDATE customers SET tier = plan;
ALTER TABLE customers DROP COLUMN plan;
CREATE INDEX orders_customer_idx ON orders (customer);

-- DOWN
DROP INDEX orders_customer_idx;
ALTER TABLE customers ADD COLUMN plan text NOT NULL DEFAULT 'free';
ALTER TABLE customers DROP COLUMN tier;
ALTER TABLE customers DROP COLUMN token;
