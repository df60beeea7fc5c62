-- Views as the server prints them.
SELECT table_name, view_definition, check_option, security_type
FROM information_schema.views
WHERE table_schema = ?
ORDER BY table_name
