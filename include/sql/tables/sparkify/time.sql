-- Purpose: the calendar of the plays.
-- Grain: each row is one moment at which a play began.
-- Surprises: only the key is NOT NULL here; audit tables are made LIKE this one, and there a missing value is to be
--   found by a check, with all other failures, before it is published.
-- Parameter: table = sparkify.time; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    start_time TIMESTAMP NOT NULL,  -- the moment, UTC, to the millisecond
    hour INTEGER,                   -- 0 to 23
    day INTEGER,                    -- 1 to 31
    week INTEGER,                   -- ISO week, 1 to 53
    month INTEGER,                  -- 1 to 12
    year INTEGER,                   -- four digits
    weekday INTEGER,                -- 0 is Sunday, 6 is Saturday
    PRIMARY KEY (start_time)
)
-- As long as the fact: on the same slices as the plays it belongs to.
DISTSTYLE KEY
DISTKEY (start_time)
SORTKEY (start_time);
