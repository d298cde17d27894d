-- Purpose: count the rows a published table will have once this run's candidates are in it.
-- Grain: each row is the one figure observed.
-- Parameter: table = sparkify.users; the published table
-- Parameter: candidates = audit.users; its candidates
-- Parameter: key = user_id; the column that identifies a row
-- Parameter: mode = merge; in a rebuild the published rows go
WITH keys AS (
    SELECT {{ key }} FROM {{ candidates }}
    UNION
    SELECT {{ key }} FROM {{ table }}
    WHERE '{{ mode }}' <> 'rebuild'
)

SELECT COUNT(*) AS observed
FROM keys;
