-- Purpose: how busy the days of this run were, to compare later runs with.
-- Grain: each row is the one number observed: events per day that has any; 0 when the run has no events.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
SELECT COALESCE(CAST(COUNT(*) AS DOUBLE PRECISION) / NULLIF(COUNT(DISTINCT ts / 86400000), 0), 0) AS observed
FROM {{ run_schema }}.staged_events
WHERE
    ts >= 946684800000
    AND ts < 4102444800000;
