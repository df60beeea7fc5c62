-- mariadb
CREATE TABLE users (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(20), plan text) ENGINE=InnoDB;
ALTER TABLE users ADD COLUMN phone varchar(20);
ALTER TABLE users MODIFY name varchar(300);
ALTER TABLE users MODIFY name int;
ALTER TABLE users ADD INDEX (name), DROP COLUMN plan;
TRUNCATE TABLE users;
