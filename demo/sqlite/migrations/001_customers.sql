-- Customers and their orders.
-- UP
CREATE TABLE customers (
	id INTEGER PRIMARY KEY,
	email TEXT,
	plan TEXT NOT NULL DEFAULT 'free'
);
CREATE TABLE orders (
	id INTEGER PRIMARY KEY,
	customer INTEGER NOT NULL REFERENCES customers (id)
);

-- DOWN
DROP TABLE orders;
DROP TABLE customers;
