-- Purpose: count the rows a published table will have once this run's candidates are in it.
-- Grain: each row is the one figure observed.
-- Surprises: counted by arithmetic: only the candidates' keys are looked up among the published ones.
-- Parameter: table = sparkify.users; the published table
-- Parameter: candidates = audit.users; its candidates
-- Parameter: key = user_id; the column that identifies a row
-- Parameter: mode = merge; in a rebuild no published row stays
WITH staying AS (
    SELECT COUNT(*) AS n
    FROM {{ table }}
    WHERE '{{ mode }}' <> 'rebuild'
),

coming AS (
    SELECT COUNT(*) AS n
    FROM {{ candidates }}
),

replaced AS (
    SELECT COUNT(*) AS n
    FROM {{ table }} AS published
    INNER JOIN {{ candidates }} AS candidates
        ON published.{{ key }} = candidates.{{ key }}
    WHERE '{{ mode }}' <> 'rebuild'
)

SELECT staying.n + coming.n - replaced.n AS observed
FROM staying
CROSS JOIN coming
CROSS JOIN replaced;
