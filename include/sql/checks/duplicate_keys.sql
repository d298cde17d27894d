-- Purpose: count the rows whose key another row has already.
-- Grain: each row is the one number observed.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
-- Parameter: table = users; the table
-- Parameter: key = user_id; the column that identifies a row
SELECT COUNT({{ key }}) - COUNT(DISTINCT {{ key }}) AS observed
FROM {{ run_schema }}.{{ table }};
