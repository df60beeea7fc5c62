-- mariadb: a statement for each recipe, and what it becomes
CREATE TABLE users (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, email varchar(100), plan varchar(10) NOT NULL DEFAULT 'free', KEY users_email (email)) ENGINE=InnoDB;
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total int NOT NULL, KEY orders_total (total)) ENGINE=InnoDB;
INSERT INTO orders VALUES (1, NULL, 1);
ALTER TABLE users ADD phone varchar(20) NOT NULL;
ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE orders MODIFY total bigint NOT NULL;
ALTER TABLE users RENAME COLUMN email TO mail;
ALTER TABLE users DROP COLUMN plan;
UPDATE orders SET total = 0;
ALTER TABLE orders RENAME TO sales;
DROP TABLE sales;
