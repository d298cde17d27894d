-- Purpose: count the plays that two users claim: one session and number within it, and different user ids.
-- Grain: each row is the one number observed.
-- Notes: the published play counts as well as the staged ones.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
WITH staged_plays AS (
    SELECT
        CAST(session_id AS BIGINT) * 1048576 + item_in_session AS songplay_id,
        user_id
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

staged_keys AS (
    SELECT DISTINCT songplay_id
    FROM staged_plays
),

all_plays AS (
    SELECT
        songplay_id,
        user_id
    FROM staged_plays
    UNION
    SELECT
        published.songplay_id,
        published.user_id
    FROM sparkify.songplays AS published
    INNER JOIN staged_keys
        ON published.songplay_id = staged_keys.songplay_id
    LEFT JOIN {{ run_schema }}.deleted_songplays AS deleted
        ON published.songplay_id = deleted.songplay_id
    LEFT JOIN {{ run_schema }}.songplays AS candidates
        ON published.songplay_id = candidates.songplay_id
    WHERE deleted.songplay_id IS NULL AND candidates.songplay_id IS NULL
),

claimed_twice AS (
    SELECT songplay_id
    FROM all_plays
    GROUP BY songplay_id
    HAVING COUNT(*) > 1
)

SELECT COUNT(*) AS observed
FROM claimed_twice;
