CREATE TABLE t (a INT, b VARCHAR(10));
-- refused
CREATE TABLE t (a INT);
-- refused
CREATE TABLE x (a INT, a INT);
-- refused
CREATE TABLE (a INT);
-- refused
CREATE TABLE x (a INT,);
-- refused
CREATE TABLE x (a);
-- refused
CREATE TABLE x (a VARCHAR);
-- refused
CREATE TABLE order (a INT);
-- refused
ALTER TABLE t ADD;
-- refused
ALTER TABLE t ADD COLUMN c INT AFTER nope;
-- refused
ALTER TABLE t DROP COLUMN;
-- refused
ALTER TABLE t FROBNICATE a;
-- refused
ALTER TABLE t ADD INDEX i (nope);
-- refused
ALTER TABLE t RENAME COLUMN nope TO c;
-- refused
ALTER TABLE t RENAME COLUMN a TO b;
-- refused
DROP TABLE;
-- refused
DROP TABLE nope;
-- refused
CREATE INDEX ON t (a);
-- refused
CREATE INDEX i ON t;
-- refused
INSERT INTO t;
-- refused
INSERT INTO t VALUES;
-- refused
UPDATE t WHERE a = 1;
-- refused
DELETE t WHERE a = 1;
-- refused
SELECT;
-- refused
CREATE TABLE x (a INT) ENGINE;
-- refused
CREATE TABLE x (a INT, PRIMARY KEY);
-- refused
CREATE TABLE x (a INT, FOREIGN KEY (a) REFERENCES nope (id));
-- refused
SELECT a->'$.x' FROM t;
-- refused
GRANT SELECT ON t;
-- refused
CREATE VIEW v AS;
-- refused
CREATE TRIGGER tr DURING INSERT ON t FOR EACH ROW SET @x = 1;
-- refused
LOCK TABLES t;
-- refused
RENAME TABLE t;
-- refused
ALTER TABLE t MODIFY a;
-- refused
CREATE TABLE x (a INT DEFAULT);
-- refused
CREATE TABLE x (a INT NOT);
-- refused
CREATE TABLE x (a ENUM());
