-- Purpose: which run published last. Publishing is a compare-and-set on this row.
-- Grain: each row is the state of the whole warehouse; there is exactly one.
-- Parameter: table = sparkify_raw.state; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    token VARCHAR(64) NOT NULL,           -- drawn at random by the run that published last
    run_id VARCHAR(256) NOT NULL,         -- Airflow's id of that run
    changed_at TIMESTAMP NOT NULL,        -- when it published, UTC
    fingerprints VARCHAR(65535) NOT NULL  -- JSON: for each published table a hash of its DDL, SQL and declaration
)
-- One row.
DISTSTYLE ALL;
