-- Purpose: how many upgrades to the paid level and downgrades to the free one there are, week by week.
-- Grain: each row is one week, by its Monday, with its changes of level; the latest 52 with any play.
-- Surprises: a change is seen at the first play on the new level, so it counts in the week of that play; who changes
--   and never plays again is not counted.
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
