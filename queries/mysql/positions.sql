-- Next AUTO_INCREMENT values.
SELECT table_name, auto_increment
FROM information_schema.tables
WHERE table_schema = DATABASE() AND auto_increment IS NOT NULL
ORDER BY table_name
