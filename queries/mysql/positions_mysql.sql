-- Next AUTO_INCREMENT values. MySQL knows one of each table that was once of another engine, too.
SELECT t.table_name, t.auto_increment
FROM information_schema.tables t
JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name
WHERE t.table_schema = DATABASE() AND t.auto_increment IS NOT NULL AND c.extra LIKE '%auto_increment%'
ORDER BY t.table_name
