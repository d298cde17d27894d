-- Purpose: count the candidates that refer to a row which is neither a candidate nor published.
-- Grain: each row is the one figure observed.
-- Parameter: table = audit.songplays; the table that refers
-- Parameter: column = user_id; by this column; NULL refers to nothing
-- Parameter: candidates = audit.users; candidates of the table referred to
-- Parameter: published = sparkify.users; the table referred to
-- Parameter: key = user_id; the column referred to
-- Parameter: mode = merge; in a rebuild published rows do not count
WITH referred_to AS (
    SELECT {{ key }} AS key FROM {{ candidates }}
    UNION
    SELECT {{ key }} AS key FROM {{ published }}
    WHERE '{{ mode }}' <> 'rebuild'
)

SELECT COUNT(*) AS observed
FROM {{ table }}
LEFT JOIN referred_to
    ON {{ table }}.{{ column }} = referred_to.key
WHERE {{ table }}.{{ column }} IS NOT NULL AND referred_to.key IS NULL;
