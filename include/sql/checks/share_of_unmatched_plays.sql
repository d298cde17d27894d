-- Purpose: the share of the candidate plays that match no song of the catalogue.
-- Grain: each row is the one figure observed, 0 to 1; 0 when there are no candidates.
-- Surprises: the average of a DECIMAL keeps its scale, so 1.0 would give tenths: DOUBLE PRECISION.
-- Parameter: none
SELECT COALESCE(AVG(CAST(CASE WHEN song_id IS NULL THEN 1 ELSE 0 END AS DOUBLE PRECISION)), 0) AS observed
FROM audit.songplays;
