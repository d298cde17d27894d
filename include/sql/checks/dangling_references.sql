-- Purpose: count the references to rows that will not be in the published table after this run.
-- Grain: each row is the one number observed: values of the column, in candidates or in published plays that stay.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
-- Parameter: column = user_id; the column of songplays that refers; NULL refers to nothing
-- Parameter: table = users; the table referred to
-- Parameter: key = user_id; the column referred to
WITH references_of_candidates AS (
    SELECT DISTINCT {{ column }} AS reference
    FROM {{ run_schema }}.songplays
    WHERE {{ column }} IS NOT NULL
),

rows_there AS (
    SELECT {{ key }} AS reference FROM {{ run_schema }}.{{ table }}
    UNION
    SELECT published.{{ key }} AS reference
    FROM sparkify.{{ table }} AS published
    INNER JOIN references_of_candidates
        ON published.{{ key }} = references_of_candidates.reference
    LEFT JOIN {{ run_schema }}.deleted_{{ table }} AS deleted
        ON published.{{ key }} = deleted.{{ key }}
    WHERE deleted.{{ key }} IS NULL
),

dangling_candidates AS (
    SELECT references_of_candidates.reference
    FROM references_of_candidates
    LEFT JOIN rows_there
        ON references_of_candidates.reference = rows_there.reference
    WHERE rows_there.reference IS NULL
),

plays_of_deleted_rows AS (
    SELECT
        published.songplay_id,
        published.{{ column }} AS reference
    FROM sparkify.songplays AS published
    INNER JOIN {{ run_schema }}.deleted_{{ table }} AS deleted
        ON published.{{ column }} = deleted.{{ key }}
),

replaced_plays AS (
    SELECT songplay_id FROM {{ run_schema }}.songplays
    UNION
    SELECT songplay_id FROM {{ run_schema }}.deleted_songplays
),

dangling_plays AS (
    SELECT DISTINCT plays_of_deleted_rows.reference
    FROM plays_of_deleted_rows
    LEFT JOIN replaced_plays
        ON plays_of_deleted_rows.songplay_id = replaced_plays.songplay_id
    WHERE replaced_plays.songplay_id IS NULL
),

dangling AS (
    SELECT reference FROM dangling_candidates
    UNION
    SELECT reference FROM dangling_plays
)

SELECT COUNT(*) AS observed
FROM dangling;
