-- Partitions in order. Sub-partitions repeat their partition's row.
SELECT table_name, partition_name, partition_method, partition_expression, partition_description,
       subpartition_method
FROM information_schema.partitions
WHERE table_schema = ? AND partition_name IS NOT NULL
ORDER BY table_name, partition_ordinal_position, subpartition_ordinal_position
