-- Purpose: the most played song in the location with the most plays.
-- Grain: each row is one song; there is one row. Ties are broken by title.
-- Notes: only plays that match a song in the catalogue count, also for the location.
-- Parameter: none
WITH busiest_location AS (
    SELECT location
    FROM sparkify.songplays
    WHERE song_id IS NOT NULL AND location IS NOT NULL
    GROUP BY location
    ORDER BY COUNT(*) DESC, location ASC
    LIMIT 1
),

songs_by_plays AS (
    SELECT
        busiest_location.location,
        songs.title AS song,
        artists.name AS artist,
        COUNT(*) AS plays
    FROM busiest_location
    INNER JOIN sparkify.songplays
        ON busiest_location.location = songplays.location
    INNER JOIN sparkify.songs
        ON songplays.song_id = songs.song_id
    INNER JOIN sparkify.artists
        ON songs.artist_id = artists.artist_id
    GROUP BY busiest_location.location, songs.song_id, songs.title, artists.name
)

SELECT
    location,
    song,
    artist,
    plays
FROM songs_by_plays
ORDER BY plays DESC, song ASC, artist ASC
LIMIT 1;
