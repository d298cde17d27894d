-- Purpose: count the events whose time is not in the years 2000 to 2099; they are ignored.
-- Grain: each row is the one number observed.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
SELECT COUNT(*) AS observed
FROM {{ run_schema }}.staged_events
WHERE ts < 946684800000 OR ts >= 4102444800000;
