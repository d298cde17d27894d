-- Purpose: how many plays match a song in the catalogue, by week.
-- Grain: each row is one week, identified by its Monday, with its plays and matched plays; the latest 52 weeks with any
--   play.
-- Notes: in the public data few songs in the log are also in the catalogue: about one play in twenty matches.
-- Parameter: none
WITH latest_weeks AS (
    SELECT
        CAST(DATE_TRUNC('week', start_time) AS DATE) AS week,
        COUNT(*) AS plays,
        COUNT(song_id) AS matched_plays
    FROM sparkify.songplays
    GROUP BY CAST(DATE_TRUNC('week', start_time) AS DATE)
    ORDER BY CAST(DATE_TRUNC('week', start_time) AS DATE) DESC
    LIMIT 52
),

shares AS (
    SELECT
        week,
        plays,
        matched_plays,
        CAST(CAST(matched_plays AS DOUBLE PRECISION) * 100 / plays AS DECIMAL(5, 1)) AS percent_matched
    FROM latest_weeks
)

SELECT
    week,
    plays,
    matched_plays,
    percent_matched
FROM shares
ORDER BY week ASC;
