SELECT
	(SELECT count(*) FROM information_schema.processlist
		WHERE command NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID')
		AND user NOT IN ('system user', 'event_scheduler') AND id NOT IN (?, connection_id())),
	(SELECT count(*) FROM information_schema.processlist
		WHERE state = 'Waiting for table metadata lock' AND time >= 1)
