-- Purpose: reconcile the fact with staging to the row: count the candidates that come from no staged play.
-- Grain: each row is the one figure observed.
-- Surprises: a candidate that stands published may also be a play matched again with new files of the catalogue; in a
--   period replaced there are no such plays.
-- Parameter: mode = merge; merge, replace or rebuild: published rows that go do not count
-- Parameter: period_start = 2018-11-01 00:00:00; first moment of the period loaded
-- Parameter: period_end = 2018-12-01 00:00:00; first moment after it
WITH explained_keys AS (
    SELECT songplay_id FROM staging.plays
    UNION
    SELECT published.songplay_id
    FROM sparkify.songplays AS published
    INNER JOIN audit.songplays AS candidates
        ON published.songplay_id = candidates.songplay_id
    WHERE
        '{{ mode }}' <> 'rebuild'
        AND NOT (
            '{{ mode }}' = 'replace'
            AND published.start_time >= TIMESTAMP '{{ period_start }}'
            AND published.start_time < TIMESTAMP '{{ period_end }}'
        )
)

SELECT COUNT(*) AS observed
FROM audit.songplays
LEFT JOIN explained_keys
    ON songplays.songplay_id = explained_keys.songplay_id
WHERE explained_keys.songplay_id IS NULL;
