-- postgres
CREATE TABLE users (id bigint PRIMARY KEY, name varchar(20), plan text);

ALTER TABLE users ADD COLUMN phone text;
ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();
ALTER TABLE users ADD COLUMN state text NOT NULL DEFAULT 'new';
ALTER TABLE users ALTER COLUMN name TYPE varchar(40);
ALTER TABLE users ALTER COLUMN name TYPE integer USING length(name);
ALTER TABLE users ALTER COLUMN plan SET NOT NULL;
ALTER TABLE users RENAME COLUMN plan TO tier;
ALTER TABLE users DROP COLUMN tier;
