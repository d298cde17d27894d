-- Purpose: the listening log of this run as COPY found it, before any rule of ours.
-- Grain: each row is one event of the app (a page seen, a song played), of any user, logged out ones too.
-- Parameter: table = staging.events; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    artist VARCHAR(1024),           -- artist of the song played, as the player wrote it; NULL on other pages
    auth VARCHAR(64),               -- Logged In, Logged Out, Guest, Cancelled
    first_name VARCHAR(256),        -- user's first name; NULL when logged out
    gender VARCHAR(16),             -- F or M; NULL when logged out
    item_in_session INTEGER,        -- number of the event within its session, from 0
    last_name VARCHAR(256),         -- user's last name; NULL when logged out
    length DOUBLE PRECISION,        -- seconds of the song played; exact, so no scaled NUMERIC
    level VARCHAR(16),              -- free or paid
    location VARCHAR(1024),         -- metropolitan area of the user
    method VARCHAR(16),             -- HTTP method of the page
    page VARCHAR(64),               -- page seen; NextSong is a play
    registration DOUBLE PRECISION,  -- epoch milliseconds of the user's registration, written with a fraction
    session_id INTEGER,             -- the session the event belongs to
    song VARCHAR(1024),             -- title of the song played; NULL on other pages
    status INTEGER,                 -- HTTP status of the page
    ts BIGINT,                      -- epoch milliseconds of the event, UTC
    user_agent VARCHAR(1024),       -- the browser's own description
    user_id INTEGER                 -- the user; blank in the log when logged out, NULL here
)
-- Written and read whole, once a run: nothing to gain from a key.
DISTSTYLE EVEN;
