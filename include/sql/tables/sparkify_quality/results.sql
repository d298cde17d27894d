-- Purpose: the results of the checks, run by run.
-- Grain: each row is one check of one run.
-- Parameter: table = sparkify_quality.results; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    run_id VARCHAR(256) NOT NULL,        -- Airflow's id of the run
    check_name VARCHAR(256) NOT NULL,    -- the check
    table_name VARCHAR(256) NOT NULL,    -- the table it is about
    severity VARCHAR(16) NOT NULL,       -- error stops the run before it publishes, warn does not
    passed BOOLEAN NOT NULL,             -- whether the observed value is within the expected bounds
    observed DOUBLE PRECISION,           -- the value the check observed; NULL when there was none
    expected VARCHAR(256) NOT NULL,      -- the bounds, in words
    description VARCHAR(1024) NOT NULL,  -- what the check claims
    checked_at TIMESTAMP NOT NULL        -- when the check ran, UTC
)
-- Appended run by run, and queried for recent runs.
DISTSTYLE AUTO
SORTKEY (checked_at);
