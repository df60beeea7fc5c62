-- Arguments in order; position 0 is a function's result.
SELECT specific_name, routine_type, parameter_mode, parameter_name, dtd_identifier
FROM information_schema.parameters
WHERE specific_schema = ? AND ordinal_position > 0
ORDER BY specific_name, routine_type, ordinal_position
