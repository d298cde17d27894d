-- Purpose: reconcile the fact with staging to the row: count the new candidates that come from no staged play.
-- Grain: each row is the one figure observed.
-- Surprises: candidates that are published already may also be plays matched again with new files of the catalogue.
-- Parameter: mode = merge; in a rebuild every candidate is new
WITH published_keys AS (
    SELECT songplay_id
    FROM sparkify.songplays
    WHERE
        '{{ mode }}' <> 'rebuild'
        AND songplay_id IN (SELECT songplay_id FROM audit.songplays)
)

SELECT COUNT(*) AS observed
FROM audit.songplays
WHERE
    songplay_id NOT IN (SELECT songplay_id FROM staging.plays)
    AND songplay_id NOT IN (SELECT songplay_id FROM published_keys);
