-- How often each table changed its columns instantly (MySQL 8.0.29 and later).
SELECT SUBSTRING_INDEX(SUBSTRING_INDEX(name, '/', -1), '#p#', 1), MAX(total_row_versions)
FROM information_schema.innodb_tables
WHERE SUBSTRING_INDEX(name, '/', 1) = ?
GROUP BY 1
ORDER BY 1
