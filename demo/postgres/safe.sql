-- Orders are found by customer: built while writes go on, so outside a transaction.
-- UP
CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer);

-- DOWN
DROP INDEX CONCURRENTLY orders_customer_idx;
