-- Purpose: the share of the candidate plays whose title or artist looks like UTF-8 read as Latin-1 twice.
-- Grain: each row is the one number observed, 0 to 1; 0 when there are no candidates.
-- Notes: twice mis-decoded text has both letters, one from each lead byte, the other from each byte after it.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
SELECT
    COALESCE(
        AVG(CAST(CASE WHEN song LIKE '%Ã%Â%' OR artist LIKE '%Ã%Â%' THEN 1 ELSE 0 END AS DOUBLE PRECISION)),
        0
    ) AS observed
FROM {{ run_schema }}.songplays;
