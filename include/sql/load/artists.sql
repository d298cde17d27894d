-- Purpose: versions of artists, from the catalogue's new files.
-- Grain: each row is one artist as one record has it; records without a song or artist id take no part.
-- Parameter: none
WITH known_records AS (
    SELECT DISTINCT
        artist_id,
        artist_name AS name,
        NULLIF(artist_location, '') AS location,
        artist_latitude AS latitude,
        artist_longitude AS longitude
    FROM staging.new_songs
    WHERE song_id IS NOT NULL AND artist_id IS NOT NULL
)

SELECT
    artist_id,
    name,
    location,
    latitude,
    longitude
FROM known_records;
