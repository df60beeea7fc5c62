-- A few rows, as a real database would have.
-- UP
INSERT INTO customers (id, email, plan) VALUES
	(1, 'ada@example.org', 'paid'),
	(2, 'bob@example.org', 'free'),
	(3, NULL, 'free');
INSERT INTO orders (id, customer) VALUES (1, 1), (2, 1), (3, 2);

-- DOWN
DELETE FROM orders WHERE id IN (1, 2, 3);
DELETE FROM customers WHERE id IN (1, 2, 3);
