-- Purpose: count the rows that a published table will have after this run.
-- Grain: each row is the one number observed.
-- Notes: counted by arithmetic: published rows, plus candidates, less the published rows that these replace, less
--   deletions. Only keys are compared.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
-- Parameter: table = users; the table
-- Parameter: key = user_id; the column that identifies a row
WITH published AS (
    SELECT COUNT(*) AS n
    FROM sparkify.{{ table }}
),

candidates AS (
    SELECT COUNT(*) AS n
    FROM {{ run_schema }}.{{ table }}
),

replaced AS (
    SELECT COUNT(*) AS n
    FROM sparkify.{{ table }} AS published
    INNER JOIN {{ run_schema }}.{{ table }} AS candidates
        ON published.{{ key }} = candidates.{{ key }}
),

deleted AS (
    SELECT COUNT(*) AS n
    FROM {{ run_schema }}.deleted_{{ table }}
)

SELECT published.n + candidates.n - replaced.n - deleted.n AS observed
FROM published
CROSS JOIN candidates
CROSS JOIN replaced
CROSS JOIN deleted;
