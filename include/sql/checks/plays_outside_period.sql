-- Purpose: count the staged plays that began outside the period loaded.
-- Grain: each row is the one figure observed.
-- Parameter: period_start = 2018-11-01 00:00:00; first moment of the period
-- Parameter: period_end = 2018-12-01 00:00:00; first moment after it
SELECT COUNT(*) AS observed
FROM staging.plays
WHERE start_time < TIMESTAMP '{{ period_start }}' OR start_time >= TIMESTAMP '{{ period_end }}';
