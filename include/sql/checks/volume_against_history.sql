-- Purpose: the run's events per day as a multiple of what earlier runs had.
-- Grain: each row is the one figure observed; 1 when there is no history.
-- Surprises: the history is what the check "events per day" found in earlier runs.
-- Parameter: none
WITH history AS (
    SELECT AVG(observed) AS events_per_day
    FROM quality.results
    WHERE check_name = 'events per day' AND passed
),

staged AS (
    SELECT CAST(COUNT(*) AS DOUBLE PRECISION) / NULLIF(COUNT(DISTINCT ts / 86400000), 0) AS events_per_day
    FROM staging.events
    WHERE ts IS NOT NULL
)

SELECT COALESCE(staged.events_per_day / NULLIF(history.events_per_day, 0), 1) AS observed
FROM staged
CROSS JOIN history;
