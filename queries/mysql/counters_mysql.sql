-- What the server has counted since it began.
SELECT variable_name, variable_value FROM performance_schema.global_status
WHERE variable_name IN ('Handler_commit', 'Innodb_os_log_written')
UNION ALL
SELECT name, count FROM information_schema.innodb_metrics WHERE name = 'trx_rseg_history_len'
