-- Purpose: how much free and paying users listen, week by week.
-- Grain: each row is one ISO week and level, with its plays, its listeners and plays per listener.
-- Parameter: none
WITH plays_by_week AS (
    SELECT
        time.year,
        time.week,
        songplays.level,
        COUNT(*) AS plays,
        COUNT(DISTINCT songplays.user_id) AS listeners
    FROM sparkify.songplays
    INNER JOIN sparkify.time
        ON songplays.start_time = time.start_time
    GROUP BY time.year, time.week, songplays.level
),

averages AS (
    SELECT
        year,
        week,
        level,
        plays,
        listeners,
        ROUND(1.0 * plays / listeners, 1) AS plays_per_listener
    FROM plays_by_week
)

SELECT
    year,
    week,
    level,
    plays,
    listeners,
    plays_per_listener
FROM averages
ORDER BY year ASC, week ASC, level ASC;
