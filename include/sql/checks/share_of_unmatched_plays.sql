-- Purpose: the share of the candidate plays that match no song of the catalogue.
-- Grain: each row is the one number observed, 0 to 1; 0 when there are no candidates.
-- Notes: the average of a DECIMAL keeps its scale, so 1.0 would give tenths: DOUBLE PRECISION.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
SELECT COALESCE(AVG(CAST(CASE WHEN song_id IS NULL THEN 1 ELSE 0 END AS DOUBLE PRECISION)), 0) AS observed
FROM {{ run_schema }}.songplays;
