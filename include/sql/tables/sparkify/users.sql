-- Purpose: the people who use the app.
-- Grain: each row is one user, as of their latest event.
-- Parameter: table = sparkify.users; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    user_id INTEGER NOT NULL,   -- the user
    first_name VARCHAR(256),    -- first name
    last_name VARCHAR(256),     -- last name
    gender VARCHAR(16),         -- F or M
    level VARCHAR(16),          -- free or paid, as of the latest event
    last_event_at TIMESTAMP,    -- when that event was, UTC
    PRIMARY KEY (user_id)
)
-- Small, and joined with every fact: a copy on every node.
DISTSTYLE ALL
SORTKEY (user_id);
