-- Purpose: count the records of the catalogue that lack a song id or an artist id, and so are ignored.
-- Grain: each row is the one number observed.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
SELECT COUNT(*) AS observed
FROM {{ run_schema }}.staged_songs
WHERE COALESCE(TRIM(song_id), '') = '' OR COALESCE(TRIM(artist_id), '') = '';
