-- Purpose: every event of the newest accepted version of every log file, before any rule of ours.
-- Grain: each row is one event of the app (a page viewed, a song played) of any user, including users who are logged
--   out.
-- Notes: the columns after batch_id are in the order of log_json_path.json. COPY leaves batch_id out, an INSERT sets
--   it; that is why it is not NOT NULL.
-- Parameter: table = sparkify_raw.events; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    batch_id BIGINT,                -- the COPY that loaded the row: sparkify_raw.files says from which files
    artist VARCHAR(512),            -- artist of the song played, as the player wrote it; NULL on other pages
    auth VARCHAR(64),               -- Logged In, Logged Out, Guest, Cancelled
    first_name VARCHAR(256),        -- the user's first name; NULL when logged out
    gender VARCHAR(16),             -- F or M; NULL when logged out
    item_in_session INTEGER,        -- number of the event within its session, from 0
    last_name VARCHAR(256),         -- the user's last name; NULL when logged out
    length DOUBLE PRECISION,        -- duration of the song played in seconds; exact, so no scaled NUMERIC
    level VARCHAR(16),              -- free or paid
    location VARCHAR(512),          -- the user's metropolitan area
    method VARCHAR(16),             -- HTTP method of the page
    page VARCHAR(64),               -- the page viewed; NextSong is a play
    registration DOUBLE PRECISION,  -- epoch milliseconds of the user's registration, written with a fraction
    session_id INTEGER,             -- the session the event belongs to
    song VARCHAR(512),              -- title of the song played; NULL on other pages
    status INTEGER,                 -- HTTP status of the page
    ts BIGINT,                      -- epoch milliseconds of the event, UTC, as the log has it
    user_agent VARCHAR(1024),       -- the browser's user agent string
    user_id INTEGER                 -- the user; blank in the log when logged out, NULL here
)
-- Rows come and go by batch, and batch ids grow with time: sorted by batch, a day's rows are in few blocks.
DISTSTYLE EVEN
SORTKEY (batch_id);
