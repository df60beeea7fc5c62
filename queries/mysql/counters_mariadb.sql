-- What the server has counted since it began.
SELECT variable_name, variable_value FROM information_schema.global_status
WHERE variable_name IN ('HANDLER_COMMIT', 'INNODB_OS_LOG_WRITTEN', 'INNODB_HISTORY_LIST_LENGTH')
