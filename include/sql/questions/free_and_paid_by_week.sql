-- Purpose: plays of free and paying users, by week.
-- Grain: each row is one week, identified by its Monday, and level, with its plays, listeners and plays per listener;
--   the latest 52 weeks with any play.
-- Notes: weeks are identified by their Monday because year and week number disagree around New Year.
-- Parameter: none
WITH plays_by_week AS (
    SELECT
        CAST(DATE_TRUNC('week', start_time) AS DATE) AS week,
        level,
        COUNT(*) AS plays,
        COUNT(DISTINCT user_id) AS listeners
    FROM sparkify.songplays
    GROUP BY CAST(DATE_TRUNC('week', start_time) AS DATE), level
),

latest_weeks AS (
    SELECT DISTINCT week
    FROM plays_by_week
    ORDER BY week DESC
    LIMIT 52
),

averages AS (
    SELECT
        plays_by_week.week,
        plays_by_week.level,
        plays_by_week.plays,
        plays_by_week.listeners,
        CAST(
            CAST(plays_by_week.plays AS DOUBLE PRECISION) / plays_by_week.listeners AS DECIMAL(9, 1)
        ) AS plays_per_listener
    FROM plays_by_week
    INNER JOIN latest_weeks
        ON plays_by_week.week = latest_weeks.week
)

SELECT
    week,
    level,
    plays,
    listeners,
    plays_per_listener
FROM averages
ORDER BY week ASC, level ASC;
