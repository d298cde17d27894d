-- Purpose: how busy the staged days were, to be compared with earlier runs.
-- Grain: each row is the one figure observed: events per day that has any.
-- Parameter: none
SELECT CAST(COUNT(*) AS DOUBLE PRECISION) / NULLIF(COUNT(DISTINCT ts / 86400000), 0) AS observed
FROM staging.events
WHERE ts IS NOT NULL;
