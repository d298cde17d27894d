-- Purpose: the most played artist and song in each of the places with the most plays.
-- Grain: each row is one place, with its plays, its favourite artist and its favourite song; the top ten places.
-- Notes: songs and artists by the names that the player logs, because most plays match no song in the catalogue. Ties
--   are broken by name.
-- Parameter: none
WITH places AS (
    SELECT
        location AS place,
        COUNT(*) AS plays
    FROM sparkify.songplays
    WHERE location IS NOT NULL
    GROUP BY location
    ORDER BY COUNT(*) DESC, location ASC
    LIMIT 10
),

plays_by_artist AS (
    SELECT
        location,
        artist,
        COUNT(*) AS plays
    FROM sparkify.songplays
    WHERE artist IS NOT NULL
    GROUP BY location, artist
),

artists AS (
    SELECT
        location,
        artist,
        plays,
        ROW_NUMBER() OVER (
            PARTITION BY location
            ORDER BY plays DESC, artist ASC
        ) AS rank
    FROM plays_by_artist
),

plays_by_song AS (
    SELECT
        location,
        song,
        artist,
        COUNT(*) AS plays
    FROM sparkify.songplays
    WHERE song IS NOT NULL
    GROUP BY location, song, artist
),

songs AS (
    SELECT
        location,
        song,
        artist,
        plays,
        ROW_NUMBER() OVER (
            PARTITION BY location
            ORDER BY plays DESC, song ASC, artist ASC
        ) AS rank
    FROM plays_by_song
)

SELECT
    places.place,
    places.plays,
    artists.artist AS favourite_artist,
    artists.plays AS plays_of_artist,
    songs.song AS favourite_song,
    songs.artist AS artist_of_song,
    songs.plays AS plays_of_song
FROM places
LEFT JOIN artists
    ON places.place = artists.location AND artists.rank = 1
LEFT JOIN songs
    ON places.place = songs.location AND songs.rank = 1
ORDER BY places.plays DESC, places.place ASC;
