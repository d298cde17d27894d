-- Purpose: count the catalogue's new records that lack a song or artist id, and so were left out.
-- Grain: each row is the one figure observed.
-- Parameter: none
SELECT COUNT(*) AS observed
FROM staging.new_songs
WHERE song_id IS NULL OR artist_id IS NULL;
