-- Purpose: the share of the candidate plays that match no song of the catalogue.
-- Grain: each row is the one figure observed, 0 to 1; 0 when there are no candidates.
-- Parameter: none
SELECT COALESCE(AVG(CASE WHEN song_id IS NULL THEN 1.0 ELSE 0.0 END), 0) AS observed
FROM audit.songplays;
