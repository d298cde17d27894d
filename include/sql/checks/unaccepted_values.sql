-- Purpose: count the rows with a value that is not one of those expected; NULL is not counted.
-- Grain: each row is the one number observed.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
-- Parameter: table = users; the table
-- Parameter: column = level; the column
-- Parameter: accepted = 'free', 'paid'; the accepted values, as SQL
SELECT COUNT(*) AS observed
FROM {{ run_schema }}.{{ table }}
WHERE {{ column }} IS NOT NULL AND {{ column }} NOT IN ({{ accepted }});
