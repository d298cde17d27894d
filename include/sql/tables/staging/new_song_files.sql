-- Purpose: the files whose records are in staging.new_songs; publishing moves them into the ledger.
-- Grain: each row is one S3 object, as it was when it was loaded.
-- Parameter: table = staging.new_song_files; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    key VARCHAR(1024) NOT NULL,    -- the object's key; S3 allows 1,024 bytes
    etag VARCHAR(128) NOT NULL,    -- changes with the object's content
    size BIGINT NOT NULL,          -- bytes
    run_id VARCHAR(256) NOT NULL,  -- the run that loaded it
    PRIMARY KEY (key)
)
-- Small, and read whole to be compared with a listing.
DISTSTYLE ALL;
