-- postgres
CREATE TABLE t (id bigint PRIMARY KEY);
DO $$
BEGIN
	EXECUTE 'ALTER TABLE ' || (SELECT 't') || ' ADD COLUMN a integer';
END
$$;
ALTER TABLE t ADD COLUMN a integer;
\echo done
