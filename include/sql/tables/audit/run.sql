-- Purpose: which run staging and audit belong to; tasks of any other run refuse to touch them.
-- Grain: each row is the one run in progress, or the last one.
-- Parameter: table = audit.run; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    run_id VARCHAR(256) NOT NULL,  -- Airflow's id of the run
    period VARCHAR(16) NOT NULL,   -- what it loads: all, a year, a month or a day
    mode VARCHAR(16) NOT NULL,     -- merge, replace or rebuild
    is_checked BOOLEAN NOT NULL,   -- whether its candidates, as they are now, have passed the checks
    is_published BOOLEAN NOT NULL  -- whether its candidates have been published
)
-- One row, read by every task.
DISTSTYLE ALL;
