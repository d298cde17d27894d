-- Purpose: reconcile staging with the fact to the row: count the staged plays neither candidates nor published.
-- Grain: each row is the one figure observed.
-- Parameter: mode = merge; merge, replace or rebuild: published rows that go do not count
-- Parameter: period_start = 2018-11-01 00:00:00; first moment of the period loaded
-- Parameter: period_end = 2018-12-01 00:00:00; first moment after it
WITH staged_keys AS (
    SELECT DISTINCT songplay_id
    FROM staging.plays
),

fact_keys AS (
    SELECT songplay_id FROM audit.songplays
    UNION
    SELECT published.songplay_id
    FROM sparkify.songplays AS published
    INNER JOIN staged_keys
        ON published.songplay_id = staged_keys.songplay_id
    WHERE
        '{{ mode }}' <> 'rebuild'
        AND NOT (
            '{{ mode }}' = 'replace'
            AND published.start_time >= TIMESTAMP '{{ period_start }}'
            AND published.start_time < TIMESTAMP '{{ period_end }}'
        )
)

SELECT COUNT(*) AS observed
FROM staged_keys
LEFT JOIN fact_keys
    ON staged_keys.songplay_id = fact_keys.songplay_id
WHERE fact_keys.songplay_id IS NULL;
