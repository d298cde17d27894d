-- Purpose: daily active users.
-- Grain: each row is one day, UTC, with its listeners and plays; the latest 90 days with any play.
-- Parameter: none
WITH latest_days AS (
    SELECT
        CAST(start_time AS DATE) AS day,
        COUNT(DISTINCT user_id) AS listeners,
        COUNT(*) AS plays
    FROM sparkify.songplays
    GROUP BY CAST(start_time AS DATE)
    ORDER BY CAST(start_time AS DATE) DESC
    LIMIT 90
)

SELECT
    day,
    listeners,
    plays
FROM latest_days
ORDER BY day ASC;
