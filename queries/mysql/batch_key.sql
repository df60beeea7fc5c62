SELECT t.table_type, e.transactions, t.table_rows, k.index_name, k.column_name, c.data_type
FROM information_schema.tables t
LEFT JOIN information_schema.engines e ON e.engine = t.engine
LEFT JOIN information_schema.statistics k
	ON k.table_schema = t.table_schema AND k.table_name = t.table_name AND k.non_unique = 0
	AND NOT EXISTS (SELECT 1 FROM information_schema.statistics o
		LEFT JOIN information_schema.columns oc ON oc.table_schema = o.table_schema
			AND oc.table_name = o.table_name AND oc.column_name = o.column_name
		WHERE o.table_schema = k.table_schema AND o.table_name = k.table_name
		AND o.index_name = k.index_name
		AND (o.nullable = 'YES' OR o.sub_part IS NOT NULL OR o.index_type <> 'BTREE'
			OR oc.data_type IS NULL OR oc.data_type NOT IN ('tinyint', 'smallint', 'mediumint',
			'int', 'bigint', 'decimal', 'year', 'date', 'datetime', 'char', 'varchar',
			'binary', 'varbinary', 'uuid')))
LEFT JOIN information_schema.columns c
	ON c.table_schema = k.table_schema AND c.table_name = k.table_name
	AND c.column_name = k.column_name
WHERE t.table_name = ? AND t.table_schema = coalesce(nullif(?, ''), database())
ORDER BY k.index_name <> 'PRIMARY', k.index_name, k.seq_in_index
