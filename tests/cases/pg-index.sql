-- postgres
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, placed timestamptz DEFAULT now());
INSERT INTO orders (id) VALUES (1);

CREATE INDEX orders_customer_idx ON orders (customer);
CREATE INDEX CONCURRENTLY orders_placed_idx ON orders (placed);
DROP INDEX orders_customer_idx;
