-- Purpose: the share of the candidate plays whose title or artist looks like UTF-8 read as Latin-1 twice.
-- Grain: each row is the one figure observed, 0 to 1; 0 when there are no candidates.
-- Surprises: twice mis-decoded text has both letters, one from each lead byte, the other from each byte after it.
-- Parameter: none
SELECT
    COALESCE(
        AVG(CAST(CASE WHEN song LIKE '%Ã%Â%' OR artist LIKE '%Ã%Â%' THEN 1 ELSE 0 END AS DOUBLE PRECISION)),
        0
    ) AS observed
FROM audit.songplays;
