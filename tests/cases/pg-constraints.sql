-- postgres
CREATE TABLE customers (id bigint PRIMARY KEY, email text);
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint);
INSERT INTO customers VALUES (1); INSERT INTO orders VALUES (1, 1);

ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer) REFERENCES customers;
ALTER TABLE orders ADD CONSTRAINT orders_customer_ok CHECK (customer > 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_ok;
ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE (email);
