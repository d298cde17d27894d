-- Purpose: the most played artists.
-- Grain: each row is one artist, with its plays and listeners; the top ten.
-- Notes: artists by the names that the player logs, because most plays match no song in the catalogue.
-- Parameter: none
WITH plays_by_artist AS (
    SELECT
        artist,
        COUNT(*) AS plays,
        COUNT(DISTINCT user_id) AS listeners
    FROM sparkify.songplays
    WHERE artist IS NOT NULL
    GROUP BY artist
)

SELECT
    artist,
    plays,
    listeners
FROM plays_by_artist
ORDER BY plays DESC, artist ASC
LIMIT 10;
