-- Purpose: reconcile the log files with the fact: count the plays that will not be published.
-- Grain: each row is the one number observed.
-- Notes: says by itself what a play is, so that a mistake in load/songplays.sql shows.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
WITH staged_keys AS (
    SELECT DISTINCT CAST(session_id AS BIGINT) * 1048576 + item_in_session AS songplay_id
    FROM {{ run_schema }}.staged_events
    WHERE
        page = 'NextSong'
        AND user_id IS NOT NULL
        AND session_id IS NOT NULL
        AND item_in_session >= 0
        AND item_in_session < 1048576
        AND ts >= 946684800000
        AND ts < 4102444800000
),

keys_to_be AS (
    SELECT songplay_id FROM {{ run_schema }}.songplays
    UNION
    SELECT published.songplay_id
    FROM sparkify.songplays AS published
    INNER JOIN staged_keys
        ON published.songplay_id = staged_keys.songplay_id
    LEFT JOIN {{ run_schema }}.deleted_songplays AS deleted
        ON published.songplay_id = deleted.songplay_id
    WHERE deleted.songplay_id IS NULL
)

SELECT COUNT(*) AS observed
FROM staged_keys
LEFT JOIN keys_to_be
    ON staged_keys.songplay_id = keys_to_be.songplay_id
WHERE keys_to_be.songplay_id IS NULL;
