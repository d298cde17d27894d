-- Purpose: the calendar of the plays.
-- Grain: each row is one timestamp at which a play of sparkify.songplays started, no more and no less.
-- Notes: only the key is NOT NULL. The tables that checks run on are made LIKE this one: a check reports a missing
--   value together with all other failures, before anything is published.
-- Parameter: table = sparkify.time; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    start_time TIMESTAMP NOT NULL,  -- UTC, to the millisecond
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
