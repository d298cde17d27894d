-- Purpose: the song played most in a location.
-- Grain: each row is the one song; of several with as many plays, the first by title.
-- Parameter: location = 'San Francisco-Oakland-Hayward, CA'; the location, as a SQL literal
WITH plays_in_location AS (
    SELECT song_id
    FROM sparkify.songplays
    WHERE location = {{ location }}
),

songs_by_plays AS (
    SELECT
        songs.title AS song,
        artists.name AS artist,
        COUNT(*) AS plays
    FROM plays_in_location
    INNER JOIN sparkify.songs
        ON plays_in_location.song_id = songs.song_id
    INNER JOIN sparkify.artists
        ON songs.artist_id = artists.artist_id
    GROUP BY songs.song_id, songs.title, artists.name
)

SELECT
    song,
    artist,
    plays
FROM songs_by_plays
ORDER BY plays DESC, song ASC, artist ASC
LIMIT 1;
