-- Purpose: the hours of the day with the most plays.
-- Grain: each row is one hour of the day, UTC, with its plays and its percentage of all plays; the top five.
-- Parameter: none
WITH plays_by_hour AS (
    SELECT
        time.hour,
        COUNT(*) AS plays
    FROM sparkify.songplays
    INNER JOIN sparkify.time
        ON songplays.start_time = time.start_time
    GROUP BY time.hour
),

shares AS (
    SELECT
        hour,
        plays,
        CAST(CAST(plays AS DOUBLE PRECISION) * 100 / SUM(plays) OVER () AS DECIMAL(5, 1)) AS percent_of_plays
    FROM plays_by_hour
)

SELECT
    hour,
    plays,
    percent_of_plays
FROM shares
ORDER BY plays DESC, hour ASC
LIMIT 5;
