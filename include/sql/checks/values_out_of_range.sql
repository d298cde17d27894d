-- Purpose: count the rows with a number outside its range; NULL is not counted.
-- Grain: each row is the one number observed.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
-- Parameter: table = artists; the table
-- Parameter: column = latitude; the column
-- Parameter: low = -90; smallest value expected
-- Parameter: high = 90; largest value expected
SELECT COUNT(*) AS observed
FROM {{ run_schema }}.{{ table }}
WHERE {{ column }} < {{ low }} OR {{ column }} > {{ high }};
