-- Purpose: the most played songs.
-- Grain: each row is one song of an artist, with its plays and listeners; the top ten.
-- Notes: songs and artists by the names that the player logs, because most plays match no song in the catalogue.
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
