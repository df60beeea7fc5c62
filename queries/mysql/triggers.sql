-- Triggers, with their bodies as written.
SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_statement
FROM information_schema.triggers
WHERE trigger_schema = ?
ORDER BY event_object_table, trigger_name
