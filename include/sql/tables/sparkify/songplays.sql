-- Purpose: the fact table, what users listened to.
-- Grain: each row is one play: one NextSong event, identified by its session and its number within the session.
-- Notes: only the key is NOT NULL. The tables that checks run on are made LIKE this one: a check reports a missing
--   value together with all other failures, before anything is published.
-- Parameter: table = sparkify.songplays; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    songplay_id BIGINT NOT NULL,  -- session_id * 1048576 + item_in_session: derived from the data itself
    start_time TIMESTAMP,         -- when the song started, UTC, to the millisecond: sparkify.time
    user_id INTEGER,              -- who listened: sparkify.users
    level VARCHAR(16),            -- the user's level at that time: free or paid
    song_id VARCHAR(64),          -- the song in the catalogue: sparkify.songs; NULL when none matches
    artist_id VARCHAR(64),        -- its artist: sparkify.artists; NULL when none matches
    session_id INTEGER,           -- the user's session
    location VARCHAR(512),        -- where the user was: metropolitan area
    user_agent VARCHAR(1024),     -- the browser's user agent string
    item_in_session INTEGER,      -- number of the event within the session
    song VARCHAR(512),            -- title as the player wrote it; matched against the catalogue
    artist VARCHAR(512),          -- artist as the player wrote it
    length DOUBLE PRECISION,      -- duration in seconds as the player wrote it
    PRIMARY KEY (songplay_id)
)
-- sparkify.time is as long as this table, and the other dimensions are on every node: this is the join to keep local.
-- Milliseconds spread evenly over the slices, days would not. Most queries ask for recent time.
DISTSTYLE KEY
DISTKEY (start_time)
SORTKEY (start_time);
