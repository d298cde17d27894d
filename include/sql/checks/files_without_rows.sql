-- Purpose: count the files that the warehouse will hold although the table made from them will have no row at all.
-- Grain: each row is the one number observed.
-- Notes: a warehouse without any file of the feed may be empty: before its first file, and after the last was dropped.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
-- Parameter: table = users; the table
-- Parameter: key = user_id; the column that identifies a row
-- Parameter: feed = events; the files that the table is made from
WITH files_to_be AS (
    SELECT
        bucket,
        key
    FROM sparkify_raw.files
    WHERE feed = '{{ feed }}'
    UNION
    SELECT
        bucket,
        key
    FROM {{ run_schema }}.files
    WHERE feed = '{{ feed }}'
    EXCEPT
    SELECT
        bucket,
        key
    FROM {{ run_schema }}.dropped_files
    WHERE feed = '{{ feed }}'
),

loaded AS (
    SELECT COUNT(*) AS n
    FROM files_to_be
),

candidates AS (
    SELECT COUNT(*) AS n
    FROM {{ run_schema }}.{{ table }}
),

kept AS (
    SELECT COUNT(*) AS n
    FROM sparkify.{{ table }} AS published
    LEFT JOIN {{ run_schema }}.deleted_{{ table }} AS deleted
        ON published.{{ key }} = deleted.{{ key }}
    WHERE deleted.{{ key }} IS NULL
)

SELECT CASE WHEN candidates.n + kept.n = 0 THEN loaded.n ELSE 0 END AS observed
FROM loaded
CROSS JOIN candidates
CROSS JOIN kept;
