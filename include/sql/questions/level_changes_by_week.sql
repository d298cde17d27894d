-- Purpose: upgrades to the paid level and downgrades to the free level, by week.
-- Grain: each row is one week, identified by its Monday, with its level changes; the latest 52 weeks with any play.
-- Notes: a change counts in the week of the first play on the new level. A change without a later play is not counted.
-- Parameter: none
WITH plays_with_level_before AS (
    SELECT
        CAST(DATE_TRUNC('week', start_time) AS DATE) AS week,
        level,
        LAG(level) OVER (
            PARTITION BY user_id
            ORDER BY start_time ASC, songplay_id ASC
        ) AS level_before
    FROM sparkify.songplays
),

latest_weeks AS (
    SELECT
        week,
        SUM(CASE WHEN level_before = 'free' AND level = 'paid' THEN 1 ELSE 0 END) AS upgrades,
        SUM(CASE WHEN level_before = 'paid' AND level = 'free' THEN 1 ELSE 0 END) AS downgrades
    FROM plays_with_level_before
    GROUP BY week
    ORDER BY week DESC
    LIMIT 52
)

SELECT
    week,
    upgrades,
    downgrades
FROM latest_weeks
ORDER BY week ASC;
