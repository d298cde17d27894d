-- Purpose: versions of artists, from the records of the catalogue.
-- Grain: each row is one artist as one record has it; records without a song id or an artist id are ignored.
-- Parameter: songs = sparkify_raw.songs; where the records are
WITH identified_records AS (
    SELECT DISTINCT
        artist_id,
        artist_name AS name,
        NULLIF(artist_location, '') AS location,
        artist_latitude AS latitude,
        artist_longitude AS longitude
    FROM {{ songs }} AS songs
    WHERE TRIM(song_id) <> '' AND TRIM(artist_id) <> ''
)

SELECT
    artist_id,
    name,
    location,
    latitude,
    longitude
FROM identified_records;
