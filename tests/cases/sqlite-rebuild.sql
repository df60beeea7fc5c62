-- sqlite
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE orders (
	id INTEGER PRIMARY KEY,
	customer INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE
);
PRAGMA foreign_keys = ON;
CREATE TABLE customers_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL DEFAULT '');
INSERT INTO customers_new SELECT id, coalesce(email, '') FROM customers;
DROP TABLE customers;
ALTER TABLE customers_new RENAME TO customers;
