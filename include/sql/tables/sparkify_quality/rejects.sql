-- Purpose: the lines that COPY could not load from files that are loaded otherwise (Variable sparkify_max_errors).
-- Grain: each row is one load error of one line; the rows go when their file is corrected and read again.
-- Parameter: table = sparkify_quality.rejects; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    batch_id BIGINT NOT NULL,         -- the COPY that rejected the line: sparkify_raw.files has its files
    file VARCHAR(1024) NOT NULL,      -- the s3:// location of the file
    line_number BIGINT,               -- the line, from 1; of a record of several lines the last one
    column_name VARCHAR(127),         -- the column that could not be loaded; NULL when the line is not valid JSON
    error_code INTEGER NOT NULL,      -- Redshift's error code
    reason VARCHAR(1024) NOT NULL,    -- why the value was rejected
    raw_line VARCHAR(1024)            -- the start of the line; NULL on Redshift Serverless, which does not keep it
)
-- Small: a file with many rejected lines is refused as a whole.
DISTSTYLE AUTO;
