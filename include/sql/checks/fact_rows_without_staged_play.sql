-- Purpose: reconcile the fact with staging to the row: count the new candidates that come from no staged play.
-- Grain: each row is the one figure observed.
-- Surprises: candidates that are published already may also be plays matched again with new files of the catalogue.
-- Parameter: mode = merge; in a rebuild every candidate is new
WITH explained_keys AS (
    SELECT songplay_id FROM staging.plays
    UNION
    SELECT published.songplay_id
    FROM sparkify.songplays AS published
    INNER JOIN audit.songplays AS candidates
        ON published.songplay_id = candidates.songplay_id
    WHERE '{{ mode }}' <> 'rebuild'
)

SELECT COUNT(*) AS observed
FROM audit.songplays
LEFT JOIN explained_keys
    ON songplays.songplay_id = explained_keys.songplay_id
WHERE explained_keys.songplay_id IS NULL;
