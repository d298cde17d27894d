-- Purpose: the calendar of the plays.
-- Grain: each row is one moment at which a play began.
-- Parameter: table = sparkify.time; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    start_time TIMESTAMP NOT NULL,  -- the moment, UTC, to the millisecond
    hour INTEGER NOT NULL,          -- 0 to 23
    day INTEGER NOT NULL,           -- 1 to 31
    week INTEGER NOT NULL,          -- ISO week, 1 to 53
    month INTEGER NOT NULL,         -- 1 to 12
    year INTEGER NOT NULL,          -- four digits
    weekday INTEGER NOT NULL,       -- 0 is Sunday, 6 is Saturday
    PRIMARY KEY (start_time)
)
-- As long as the fact: on the same slices as the plays it belongs to.
DISTSTYLE KEY
DISTKEY (start_time)
SORTKEY (start_time);
