-- Purpose: find log files whose times are in another unit: seconds or microseconds for milliseconds.
-- Grain: each row is one batch of staged events with the share of events outside the years 2000 to 2099.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
SELECT
    batch_id,
    AVG(CAST(CASE WHEN ts < 946684800000 OR ts >= 4102444800000 THEN 1 ELSE 0 END AS DOUBLE PRECISION)) AS observed
FROM {{ run_schema }}.staged_events
GROUP BY batch_id;
