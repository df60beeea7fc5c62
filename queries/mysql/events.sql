-- Scheduled events.
SELECT event_name, event_type, interval_value, interval_field, execute_at, status, on_completion,
       event_definition, event_comment
FROM information_schema.events
WHERE event_schema = ?
ORDER BY event_name
