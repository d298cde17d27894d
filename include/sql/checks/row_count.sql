-- Purpose: count the rows of a table of the run.
-- Grain: each row is the one number observed.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
-- Parameter: table = left_out; the table
SELECT COUNT(*) AS observed
FROM {{ run_schema }}.{{ table }};
