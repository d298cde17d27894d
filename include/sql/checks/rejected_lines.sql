-- Purpose: count the lines that COPY rejected of the files that go on.
-- Grain: each row is the one number observed.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
SELECT COUNT(*) AS observed
FROM {{ run_schema }}.rejects
WHERE batch_id IN (
    SELECT batch_id
    FROM {{ run_schema }}.files
);
