-- Purpose: count the published plays of a period replaced that its log files do not bring again.
-- Grain: each row is the one figure observed; 0 in the other modes.
-- Surprises: a play near midnight may stand in the file of the day before or after; then the period is too narrow.
-- Parameter: mode = merge; merge, replace or rebuild
-- Parameter: period_start = 2018-11-01 00:00:00; first moment of the period loaded
-- Parameter: period_end = 2018-12-01 00:00:00; first moment after it
SELECT COUNT(*) AS observed
FROM sparkify.songplays AS published
LEFT JOIN audit.songplays AS candidates
    ON published.songplay_id = candidates.songplay_id
WHERE
    '{{ mode }}' = 'replace'
    AND published.start_time >= TIMESTAMP '{{ period_start }}'
    AND published.start_time < TIMESTAMP '{{ period_end }}'
    AND candidates.songplay_id IS NULL;
