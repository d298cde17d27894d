-- Purpose: the run's events per day as a multiple of what earlier runs had.
-- Grain: each row is the one number observed; 1 when there is no history or the run has no events.
-- Notes: the history is what the check "events per day" observed in earlier runs.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
WITH history AS (
    SELECT AVG(observed) AS events_per_day
    FROM sparkify_quality.results
    WHERE check_name = 'events per day' AND observed > 0
),

staged AS (
    SELECT CAST(COUNT(*) AS DOUBLE PRECISION) / NULLIF(COUNT(DISTINCT ts / 86400000), 0) AS events_per_day
    FROM {{ run_schema }}.staged_events
    WHERE
        ts >= 946684800000
        AND ts < 4102444800000
)

SELECT COALESCE(staged.events_per_day / NULLIF(history.events_per_day, 0), 1) AS observed
FROM staged
CROSS JOIN history;
