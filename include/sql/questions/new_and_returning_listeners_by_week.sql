-- Purpose: how many users listen, by week, and how many of them for the first time.
-- Grain: each row is one week, identified by its Monday, with its new, returning and all listeners; the latest 52 weeks
--   with any play.
-- Notes: 'new' means no earlier play in the warehouse, so everyone is new in the first week.
-- Parameter: none
WITH weeks_of_listeners AS (
    SELECT DISTINCT
        user_id,
        CAST(DATE_TRUNC('week', start_time) AS DATE) AS week
    FROM sparkify.songplays
),

first_weeks AS (
    SELECT
        user_id,
        MIN(week) AS first_week
    FROM weeks_of_listeners
    GROUP BY user_id
),

latest_weeks AS (
    SELECT
        weeks_of_listeners.week,
        SUM(CASE WHEN weeks_of_listeners.week = first_weeks.first_week THEN 1 ELSE 0 END) AS new_listeners,
        SUM(CASE WHEN weeks_of_listeners.week > first_weeks.first_week THEN 1 ELSE 0 END) AS returning_listeners,
        COUNT(*) AS listeners
    FROM weeks_of_listeners
    INNER JOIN first_weeks
        ON weeks_of_listeners.user_id = first_weeks.user_id
    GROUP BY weeks_of_listeners.week
    ORDER BY weeks_of_listeners.week DESC
    LIMIT 52
)

SELECT
    week,
    new_listeners,
    returning_listeners,
    listeners
FROM latest_weeks
ORDER BY week ASC;
