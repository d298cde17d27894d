-- Purpose: the key figures of the warehouse.
-- Grain: each row is a summary of all plays; there is one row, and none before the first play.
-- Notes: artists are counted by the names that the player logs, because the catalogue has only few of them.
-- Parameter: none
WITH figures AS (
    SELECT
        COUNT(*) AS plays,
        COUNT(DISTINCT user_id) AS listeners,
        COUNT(DISTINCT session_id) AS sessions,
        CAST(SUM(length) / 3600 AS DECIMAL(15, 1)) AS hours_of_music,
        COUNT(DISTINCT artist) AS artists,
        CAST(
            CAST(SUM(CASE WHEN level = 'paid' THEN 1 ELSE 0 END) AS DOUBLE PRECISION) * 100 / COUNT(*) AS DECIMAL(5, 1)
        ) AS percent_by_paying_users,
        MAX(start_time) AS latest_play
    FROM sparkify.songplays
    HAVING COUNT(*) > 0
)

SELECT
    plays,
    listeners,
    sessions,
    hours_of_music,
    artists,
    percent_by_paying_users,
    latest_play
FROM figures;
