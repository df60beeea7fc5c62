-- Dependencies through expressions: the catalog does not know them yet.
CREATE FUNCTION fx(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE TABLE t4 (a int DEFAULT fx(1), CHECK (fx(a) > 0));
DROP FUNCTION fx(int);
DROP FUNCTION fx(int) CASCADE;
CREATE SEQUENCE s1;
CREATE TABLE st (id int DEFAULT nextval('s1'));
DROP SEQUENCE s1;
CREATE EXTENSION hstore;
CREATE TABLE e2 (h hstore DEFAULT '');
DROP EXTENSION hstore;
DROP EXTENSION hstore CASCADE;
