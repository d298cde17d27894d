-- Purpose: find log files of days on which nobody listened to anything: a renamed page, or half a file.
-- Grain: each row is one batch of staged events without any play, with the number of its files whose day has no other
--   file, of this run or accepted before.
-- Notes: a small second file of a day may well be without a play.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
WITH batches_without_plays AS (
    SELECT batch_id
    FROM {{ run_schema }}.staged_events
    GROUP BY batch_id
    HAVING COUNT(CASE WHEN page = 'NextSong' AND user_id IS NOT NULL THEN 1 END) = 0
),

accepted_days AS (
    SELECT
        key,
        CAST(LEFT(REGEXP_SUBSTR(key, '[0-9]{4}-[0-9]{2}-[0-9]{2}-events[^/]*$'), 10) AS DATE) AS day
    FROM sparkify_raw.files
    WHERE feed = 'events'
),

other_files AS (
    SELECT
        files.key,
        files.day
    FROM {{ run_schema }}.files
    LEFT JOIN batches_without_plays
        ON files.batch_id = batches_without_plays.batch_id
    WHERE
        files.feed = 'events'
        AND batches_without_plays.batch_id IS NULL
    UNION
    SELECT
        key,
        day
    FROM accepted_days
)

SELECT
    files.batch_id,
    COUNT(*) AS observed
FROM {{ run_schema }}.files
INNER JOIN batches_without_plays
    ON files.batch_id = batches_without_plays.batch_id
LEFT JOIN other_files
    ON
        files.day = other_files.day
        AND files.key <> other_files.key
WHERE
    files.feed = 'events'
    AND other_files.key IS NULL
GROUP BY files.batch_id;
