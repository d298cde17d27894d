-- Purpose: the songs listened to most.
-- Grain: each row is one song of an artist, with the plays and how many people they came from; the top ten.
-- Surprises: songs and artists as the player wrote them: most plays match no song of the catalogue.
-- Parameter: none
WITH plays_by_song AS (
    SELECT
        song,
        artist,
        COUNT(*) AS plays,
        COUNT(DISTINCT user_id) AS listeners
    FROM sparkify.songplays
    WHERE song IS NOT NULL
    GROUP BY song, artist
)

SELECT
    song,
    artist,
    plays,
    listeners
FROM plays_by_song
ORDER BY plays DESC, song ASC, artist ASC
LIMIT 10;
