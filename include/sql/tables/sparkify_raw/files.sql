-- Purpose: the ledger of the files whose records are in the raw tables.
-- Grain: each row is one S3 object in the version that the warehouse has accepted.
-- Parameter: table = sparkify_raw.files; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    feed VARCHAR(64) NOT NULL,         -- the raw table the file belongs to: events or songs
    bucket VARCHAR(64) NOT NULL,       -- the object's bucket
    key VARCHAR(1024) NOT NULL,        -- the object's key; S3 allows 1,024 bytes
    etag VARCHAR(128),                 -- changes with the content; NULL: read the file again, whatever its ETag is
    last_modified TIMESTAMP NOT NULL,  -- when S3 received the object, UTC, to the second
    size BIGINT NOT NULL,              -- bytes
    batch_id BIGINT NOT NULL,          -- the COPY that read the file; a batch can hold several files
    run_id VARCHAR(256) NOT NULL,      -- Airflow's id of the run that read the file
    PRIMARY KEY (feed, bucket, key)
)
-- Small, and read as a whole to compare it with a listing.
DISTSTYLE ALL;
