ALTER TABLE t
	ADD COLUMN a int NOT NULL, -- a comment, with a comma
	DROP COLUMN "b,c" /* , */,
	ALTER COLUMN c TYPE text USING f(c, ',')

DROP TABLE a, b.c, "D" CASCADE

CREATE OR REPLACE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'select 1'

DO $$
BEGIN
	ALTER TABLE t
		ADD COLUMN a int,
		DROP COLUMN b;
	PERFORM f();
END $$
