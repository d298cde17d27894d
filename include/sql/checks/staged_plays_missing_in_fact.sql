-- Purpose: reconcile staging with the fact to the row: count the staged plays neither candidates nor published.
-- Grain: each row is the one figure observed.
-- Parameter: mode = merge; in a rebuild published rows do not count
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
    WHERE '{{ mode }}' <> 'rebuild'
)

SELECT COUNT(*) AS observed
FROM staged_keys
LEFT JOIN fact_keys
    ON staged_keys.songplay_id = fact_keys.songplay_id
WHERE fact_keys.songplay_id IS NULL;
