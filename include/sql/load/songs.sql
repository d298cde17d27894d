-- Purpose: versions of songs, from the records of the catalogue.
-- Grain: each row is one song as one record has it; records without a song id or an artist id are ignored.
-- Parameter: songs = sparkify_raw.songs; where the records are
WITH identified_records AS (
    SELECT DISTINCT
        song_id,
        title,
        artist_id,
        NULLIF(year, 0) AS year,
        duration
    FROM {{ songs }} AS songs
    WHERE TRIM(song_id) <> '' AND TRIM(artist_id) <> ''
)

SELECT
    song_id,
    title,
    artist_id,
    year,
    duration
FROM identified_records;
