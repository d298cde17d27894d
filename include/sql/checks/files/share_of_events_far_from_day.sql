-- Purpose: find log files whose events are of other days than the one in the file's name.
-- Grain: each row is one batch of staged events with the share of plausible events more than a day outside its files'
--   days.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
WITH days AS (
    SELECT
        batch_id,
        CAST(DATEDIFF(DAY, CAST('1970-01-01' AS DATE), MIN(day)) AS BIGINT) * 86400000 AS first_ms,
        CAST(DATEDIFF(DAY, CAST('1970-01-01' AS DATE), MAX(day)) AS BIGINT) * 86400000 AS last_ms
    FROM {{ run_schema }}.files
    WHERE feed = 'events'
    GROUP BY batch_id
)

SELECT
    staged_events.batch_id,
    AVG(
        CAST(
            CASE
                WHEN staged_events.ts < days.first_ms - 86400000 OR staged_events.ts >= days.last_ms + 172800000 THEN 1
                ELSE 0
            END AS DOUBLE PRECISION
        )
    ) AS observed
FROM {{ run_schema }}.staged_events
INNER JOIN days
    ON staged_events.batch_id = days.batch_id
WHERE
    staged_events.ts >= 946684800000
    AND staged_events.ts < 4102444800000
GROUP BY staged_events.batch_id;
