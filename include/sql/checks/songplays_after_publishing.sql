-- Purpose: count the rows sparkify.songplays will have once this run's candidates are in it.
-- Grain: each row is the one figure observed.
-- Surprises: unlike a dimension the fact loses rows in mode replace: the published plays of the period.
-- Parameter: mode = merge; merge, replace or rebuild
-- Parameter: period_start = 2018-11-01 00:00:00; first moment of the period loaded
-- Parameter: period_end = 2018-12-01 00:00:00; first moment after it
WITH staying AS (
    SELECT songplay_id
    FROM sparkify.songplays
    WHERE
        '{{ mode }}' <> 'rebuild'
        AND NOT (
            '{{ mode }}' = 'replace'
            AND start_time >= TIMESTAMP '{{ period_start }}'
            AND start_time < TIMESTAMP '{{ period_end }}'
        )
),

counts AS (
    SELECT
        (SELECT COUNT(*) FROM staying) AS staying,
        (SELECT COUNT(*) FROM audit.songplays) AS coming,
        (
            SELECT COUNT(*)
            FROM staying
            INNER JOIN audit.songplays
                ON staying.songplay_id = songplays.songplay_id
        ) AS replaced
)

SELECT staying + coming - replaced AS observed
FROM counts;
