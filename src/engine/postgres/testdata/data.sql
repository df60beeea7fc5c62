UPDATE app.t SET a = 1, b = DEFAULT

UPDATE t SET a = b.x FROM b WHERE t.id = b.id AND (b.y > 0) RETURNING *

UPDATE ONLY t SET (a, b) = (SELECT 1, 2) WHERE 1 = 1

DELETE FROM t USING x WHERE t.id IN (SELECT id FROM y LIMIT 1000)

DELETE FROM t WHERE true

INSERT INTO t (a, b) VALUES (1, 2), (3, now()) ON CONFLICT (a) DO NOTHING

INSERT INTO app.t SELECT * FROM u LIMIT 5

INSERT INTO t DEFAULT VALUES RETURNING id

WITH moved AS (DELETE FROM t WHERE old RETURNING *), q AS (SELECT 1) INSERT INTO archive SELECT * FROM moved, q

WITH batch AS (SELECT id FROM t LIMIT 500) UPDATE t SET x = 1 FROM batch WHERE t.id = batch.id

MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)

TRUNCATE ONLY a, app.b RESTART IDENTITY CASCADE

COPY t (a, b) FROM stdin WITH (FORMAT csv)

COPY (SELECT * FROM x) TO PROGRAM 'cat'

SELECT create_hypertable('conditions', 'time')

SELECT 1 FROM a, LATERAL (SELECT * FROM b) q FOR UPDATE NOWAIT

SELECT setval('app.s'::regclass, 42, false)

SELECT pg_catalog.setval(pg_get_serial_sequence('app.t', 'id'), (SELECT max(id) FROM app.t))

SELECT pg_catalog.set_config('search_path', '', false)

SELECT setval('"S"', 3), f(1)

WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x

TABLE a

CALL app.p(1, 'x')

LOCK TABLE ONLY a, b IN SHARE MODE NOWAIT

REFRESH MATERIALIZED VIEW CONCURRENTLY mv

REFRESH MATERIALIZED VIEW mv WITH NO DATA
