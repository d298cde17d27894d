-- Purpose: count the NextSong events that lack what a play needs, and so are no plays.
-- Grain: each row is the one number observed.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
SELECT COUNT(*) AS observed
FROM {{ run_schema }}.staged_events
WHERE
    page = 'NextSong'
    AND (
        user_id IS NULL
        OR session_id IS NULL
        OR item_in_session IS NULL
        OR item_in_session < 0
        OR item_in_session >= 1048576
        OR ts IS NULL
        OR ts < 946684800000
        OR ts >= 4102444800000
    );
