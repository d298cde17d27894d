-- Purpose: versions of songs, from the catalogue's new files.
-- Grain: each row is one song as one record has it; records without a song or artist id take no part.
-- Parameter: none
WITH known_records AS (
    SELECT DISTINCT
        song_id,
        title,
        artist_id,
        NULLIF(year, 0) AS year,
        duration
    FROM staging.new_songs
    WHERE song_id IS NOT NULL AND artist_id IS NOT NULL
)

SELECT
    song_id,
    title,
    artist_id,
    year,
    duration
FROM known_records;
