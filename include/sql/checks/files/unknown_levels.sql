-- Purpose: find log files with events of users whose level is missing or unknown.
-- Grain: each row is one batch of staged events with the number of such events.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
SELECT
    batch_id,
    COUNT(*) AS observed
FROM {{ run_schema }}.staged_events
WHERE
    user_id IS NOT NULL
    AND (level IS NULL OR level NOT IN ('free', 'paid'))
GROUP BY batch_id;
