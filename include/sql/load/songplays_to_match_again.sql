-- Purpose: the published plays to match again, because the catalogue gained or lost records with their title and
--   artist.
-- Grain: each row is one published play, by its key.
-- Parameter: songs = sparkify_run_example.gained_songs; the records that the catalogue gained or lost
WITH titles_and_artists AS (
    SELECT DISTINCT
        title,
        artist_name
    FROM {{ songs }} AS songs
    WHERE TRIM(song_id) <> '' AND TRIM(artist_id) <> ''
)

SELECT songplays.songplay_id
FROM sparkify.songplays
INNER JOIN titles_and_artists
    ON
        songplays.song = titles_and_artists.title
        AND songplays.artist = titles_and_artists.artist_name;
