-- Sessions with an open transaction, or with a statement under way: what a change of a table waits for.
-- ? is our own session.
SELECT CAST(p.id AS CHAR), p.user, p.host, COALESCE(NULLIF(p.command, 'Sleep'), 'idle in transaction'),
       COALESCE(CAST(TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) AS CHAR), CAST(p.time AS CHAR)),
       COALESCE(p.info, '')
FROM information_schema.processlist p
LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id
WHERE p.id <> CAST(? AS UNSIGNED) AND p.id <> CONNECTION_ID()
  AND (t.trx_id IS NOT NULL OR (p.db = DATABASE() AND p.command = 'Query'))
ORDER BY t.trx_started IS NULL, t.trx_started, p.id
LIMIT 20
