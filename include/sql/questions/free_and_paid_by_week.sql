-- Purpose: how much free and paying users listen, week by week.
-- Grain: each row is one week, by its Monday, and level, with its plays, its listeners and plays per listener.
-- Surprises: by Monday and not by year and week, which disagree around New Year.
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

averages AS (
    SELECT
        week,
        level,
        plays,
        listeners,
        CAST(CAST(plays AS DOUBLE PRECISION) / listeners AS DECIMAL(9, 1)) AS plays_per_listener
    FROM plays_by_week
)

SELECT
    week,
    level,
    plays,
    listeners,
    plays_per_listener
FROM averages
ORDER BY week ASC, level ASC;
