-- Purpose: the song played most in the location where people listen most.
-- Grain: each row is the one song; of several with as many plays, the first by title.
-- Surprises: by the catalogue, so only plays that match one of its songs count, for the location too.
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
