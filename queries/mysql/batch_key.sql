-- Each part names its table by itself: a join of views of the catalog would look through all tables
-- of the server for each row of the other. LIMIT keeps the parts from being merged into such a join.
SELECT t.table_type, e.transactions, t.table_rows, k.index_name, k.column_name, c.data_type,
	k.nullable = 'YES' OR k.sub_part IS NOT NULL OR k.index_type <> 'BTREE'
	OR c.data_type IS NULL OR c.data_type NOT IN ('tinyint', 'smallint', 'mediumint', 'int',
		'bigint', 'decimal', 'year', 'date', 'datetime', 'char', 'varchar', 'binary',
		'varbinary', 'uuid')
FROM (SELECT table_type, engine, table_rows FROM information_schema.tables
	WHERE table_schema = coalesce(nullif(?, ''), database()) AND table_name = ? LIMIT 1) t
LEFT JOIN information_schema.engines e ON e.engine = t.engine
LEFT JOIN (SELECT index_name, column_name, seq_in_index, nullable, sub_part, index_type
	FROM information_schema.statistics
	WHERE table_schema = coalesce(nullif(?, ''), database()) AND table_name = ?
	AND non_unique = 0 LIMIT 100000) k ON true
LEFT JOIN (SELECT column_name, data_type FROM information_schema.columns
	WHERE table_schema = coalesce(nullif(?, ''), database()) AND table_name = ?
	LIMIT 100000) c ON c.column_name = k.column_name
ORDER BY k.index_name <> 'PRIMARY', k.index_name, k.seq_in_index
