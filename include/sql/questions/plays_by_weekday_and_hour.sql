-- Purpose: plays by day of the week and hour.
-- Grain: each row is one day of the week and hour of the day, UTC, with its plays.
-- Notes: the week starts on Monday, although time.weekday starts on Sunday.
-- Parameter: none
WITH plays_by_weekday_and_hour AS (
    SELECT
        MOD(time.weekday + 6, 7) AS days_since_monday,
        time.weekday,
        time.hour,
        COUNT(*) AS plays
    FROM sparkify.songplays
    INNER JOIN sparkify.time
        ON songplays.start_time = time.start_time
    GROUP BY time.weekday, time.hour
),

named AS (
    SELECT
        days_since_monday,
        CASE weekday
            WHEN 0 THEN 'Sunday'
            WHEN 1 THEN 'Monday'
            WHEN 2 THEN 'Tuesday'
            WHEN 3 THEN 'Wednesday'
            WHEN 4 THEN 'Thursday'
            WHEN 5 THEN 'Friday'
            WHEN 6 THEN 'Saturday'
        END AS weekday,
        hour,
        plays
    FROM plays_by_weekday_and_hour
)

SELECT
    weekday,
    hour,
    plays
FROM named
ORDER BY days_since_monday ASC, hour ASC;
