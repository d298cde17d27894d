-- Purpose: count the lines that COPY rejected of the files that go on.
-- Grain: each row is the one number observed.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
WITH batches AS (
    SELECT DISTINCT batch_id
    FROM {{ run_schema }}.files
)

SELECT COUNT(*) AS observed
FROM {{ run_schema }}.rejects
INNER JOIN batches
    ON rejects.batch_id = batches.batch_id;
