-- Purpose: what the checks found, run by run.
-- Grain: each row is one check of one run.
-- Parameter: table = quality.results; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    run_id VARCHAR(256) NOT NULL,      -- Airflow's id of the run
    check_name VARCHAR(256) NOT NULL,  -- the check
    table_name VARCHAR(256) NOT NULL,  -- the table it is about
    severity VARCHAR(16) NOT NULL,     -- error stops the run before publishing, warn does not
    passed BOOLEAN NOT NULL,           -- whether observed is what was expected
    observed DOUBLE PRECISION,         -- the figure the check found; NULL when it found none
    expected VARCHAR(256) NOT NULL,    -- what it should be, in words
    sentence VARCHAR(1024) NOT NULL,   -- what the check claims
    checked_at TIMESTAMP NOT NULL      -- when, UTC
)
-- Appended to run by run and asked for recent runs.
DISTSTYLE AUTO
SORTKEY (checked_at);
