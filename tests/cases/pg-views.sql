-- postgres: a view that reads a column keeps it as it is; whose star it is the text does not say
CREATE TABLE people (id integer PRIMARY KEY, name text, icon bytea);
CREATE TABLE bans (id integer PRIMARY KEY, person integer);
CREATE VIEW banned AS SELECT *, (SELECT name FROM people p WHERE b.person = p.id) AS who FROM bans b;
ALTER TABLE people RENAME COLUMN icon TO avatar;
ALTER TABLE people ALTER COLUMN avatar TYPE text USING encode(avatar, 'hex');
ALTER TABLE people DROP COLUMN avatar;
ALTER TABLE people ALTER COLUMN name TYPE varchar(80);
