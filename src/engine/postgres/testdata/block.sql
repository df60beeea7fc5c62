DO $do$
DECLARE r record; n int := (SELECT count(*) FROM start);
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood') THEN
    CREATE TYPE mood AS ENUM ('a');
  ELSIF n > 3 THEN
    PERFORM pg_sleep(1);
  ELSE
    EXECUTE 'DROP TABLE x';
  END IF;
  FOR r IN SELECT id FROM t LOOP
    UPDATE t SET a = 1 WHERE id = r.id;
    COMMIT;
  END LOOP;
  BEGIN
    ALTER TABLE t ADD c int;
  EXCEPTION WHEN duplicate_column THEN
    DELETE FROM log;
  END;
  n := nextval('s');
  CASE n WHEN 1 THEN DELETE FROM z; ELSE DELETE FROM y; END CASE;
  SELECT a INTO n FROM t;
  RAISE NOTICE 'x %', n;
END
$do$

DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'a' || ' ADD b int'; EXECUTE format('DROP INDEX %I; DROP TABLE %s', 'My Index', 'c'); END $$

DO $$ BEGIN EXECUTE 'UPDATE ' || tab || ' SET a = 1'; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables LOOP EXECUTE format('ALTER TABLE %I OWNER TO bob', r.tablename); END LOOP; END $$

DO LANGUAGE plpython3u $$ plpy.execute("drop table x") $$

DO $$ BEGIN SELEC 1; END $$

DO 'BEGIN DROP TABLE "it''s"; END'

DO $$ BEGIN LOOP DELETE FROM t WHERE ctid IN (SELECT ctid FROM t LIMIT 100); EXIT WHEN NOT FOUND; PERFORM pg_sleep(0.1); COMMIT; END LOOP; END $$

DO $$ BEGIN EXECUTE $q$CREATE INDEX i ON t (a)$q$; END $$

DO $$ BEGIN CREATE TABLE a (x int); ALTER TABLE a ADD y int; END $$
