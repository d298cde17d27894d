-- Purpose: count the rows that refer to a row which is neither a candidate nor published.
-- Grain: each row is the one figure observed.
-- Surprises: no published row of a table referred to ever goes but in a rebuild: a replaced period takes plays only.
-- Parameter: table = audit.songplays; the table that refers
-- Parameter: column = user_id; by this column; NULL refers to nothing
-- Parameter: candidates = audit.users; candidates of the table referred to
-- Parameter: published = sparkify.users; the table referred to
-- Parameter: key = user_id; the column referred to
-- Parameter: mode = merge; in a rebuild published rows do not count
WITH referring AS (
    SELECT DISTINCT {{ column }} AS reference
    FROM {{ table }}
    WHERE {{ column }} IS NOT NULL
),

referred_to AS (
    SELECT {{ key }} AS reference FROM {{ candidates }}
    UNION
    SELECT published.{{ key }} AS reference
    FROM {{ published }} AS published
    INNER JOIN referring
        ON published.{{ key }} = referring.reference
    WHERE '{{ mode }}' <> 'rebuild'
)

SELECT COUNT(*) AS observed
FROM referring
LEFT JOIN referred_to
    ON referring.reference = referred_to.reference
WHERE referred_to.reference IS NULL;
