-- Purpose: count the rows without a value in a column.
-- Grain: each row is the one number observed.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
-- Parameter: table = users; the table
-- Parameter: column = user_id; the column
SELECT COUNT(*) AS observed
FROM {{ run_schema }}.{{ table }}
WHERE {{ column }} IS NULL;
