-- Purpose: the artists listened to most.
-- Grain: each row is one artist, with the plays and how many people they came from; the top ten.
-- Surprises: artists as the player wrote them: most plays match no song of the catalogue.
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
