-- Purpose: plays by day of the week.
-- Grain: each row is one day of the week, UTC, with its plays, its dates and plays per date.
-- Notes: the week starts on Monday, although time.weekday starts on Sunday. The average is over the dates with at least
--   one play.
-- Parameter: none
WITH plays_by_weekday AS (
    SELECT
        time.weekday,
        COUNT(*) AS plays,
        COUNT(DISTINCT CAST(time.start_time AS DATE)) AS dates
    FROM sparkify.songplays
    INNER JOIN sparkify.time
        ON songplays.start_time = time.start_time
    GROUP BY time.weekday
),

named AS (
    SELECT
        MOD(weekday + 6, 7) AS days_since_monday,
        CASE weekday
            WHEN 0 THEN 'Sunday'
            WHEN 1 THEN 'Monday'
            WHEN 2 THEN 'Tuesday'
            WHEN 3 THEN 'Wednesday'
            WHEN 4 THEN 'Thursday'
            WHEN 5 THEN 'Friday'
            WHEN 6 THEN 'Saturday'
        END AS weekday,
        plays,
        dates,
        CAST(CAST(plays AS DOUBLE PRECISION) / dates AS DECIMAL(15, 1)) AS plays_per_date
    FROM plays_by_weekday
)

SELECT
    weekday,
    plays,
    dates,
    plays_per_date
FROM named
ORDER BY days_since_monday ASC;
