-- Sessions with a transaction or a statement; whom they wait for is known for rows only.
SELECT CAST(p.id AS CHAR), CONCAT(p.user, ' from ', p.host), '',
       CASE WHEN p.command = 'Sleep' THEN 'idle in transaction' ELSE LOWER(p.command) END,
       CAST(COALESCE(TIMESTAMPDIFF(SECOND, t.trx_started, NOW()), p.time) * 1000 AS CHAR),
       CASE WHEN p.state LIKE 'Waiting for%lock%' OR t.trx_state = 'LOCK WAIT' THEN CAST(p.time * 1000 AS CHAR) END,
       CASE WHEN p.state LIKE 'Waiting for%lock%' THEN p.state ELSE '' END,
       '', COALESCE(LEFT(p.info, 400), '')
FROM information_schema.processlist p
LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id
WHERE p.id <> CONNECTION_ID() AND (t.trx_id IS NOT NULL OR (p.command = 'Query' AND p.db = DATABASE()))
ORDER BY 5 DESC, 1
