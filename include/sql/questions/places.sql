-- Purpose: plays by place.
-- Grain: each row is one place, by the name that the player logs, with its plays, listeners and percentage of all
--   plays; the top ten.
-- Parameter: none
WITH plays_by_place AS (
    SELECT
        location AS place,
        COUNT(*) AS plays,
        COUNT(DISTINCT user_id) AS listeners
    FROM sparkify.songplays
    GROUP BY location
),

shares AS (
    SELECT
        place,
        plays,
        listeners,
        CAST(CAST(plays AS DOUBLE PRECISION) * 100 / SUM(plays) OVER () AS DECIMAL(5, 1)) AS percent_of_plays
    FROM plays_by_place
)

SELECT
    place,
    plays,
    listeners,
    percent_of_plays
FROM shares
WHERE place IS NOT NULL
ORDER BY plays DESC, place ASC
LIMIT 10;
