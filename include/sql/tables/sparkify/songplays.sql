-- Purpose: the fact table, what users listened to.
-- Grain: each row is one play: one NextSong event, by session and number within it.
-- Surprises: only the key is NOT NULL here; audit tables are made LIKE this one, and there a missing value is to be
--   found by a check, with all other failures, before it is published.
-- Parameter: table = sparkify.songplays; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    songplay_id BIGINT NOT NULL,  -- session_id * 1048576 + item_in_session: made of the data itself
    start_time TIMESTAMP,         -- when the song began, UTC, to the millisecond
    user_id INTEGER,              -- who listened: sparkify.users
    level VARCHAR(16),            -- the user's level at that time: free or paid
    song_id VARCHAR(64),          -- the song in the catalogue: sparkify.songs; NULL when none matches
    artist_id VARCHAR(64),        -- its artist: sparkify.artists; NULL when none matches
    session_id INTEGER,           -- the user's session
    location VARCHAR(1024),       -- where the user was: metropolitan area
    user_agent VARCHAR(1024),     -- the browser's own description
    item_in_session INTEGER,      -- number of the event within the session
    song VARCHAR(1024),           -- title as the player wrote it; matched against the catalogue
    artist VARCHAR(1024),         -- artist as the player wrote it
    length DOUBLE PRECISION,      -- seconds as the player wrote them
    PRIMARY KEY (songplay_id)
)
-- sparkify.time is as long as this table, the other dimensions go to every node: so the join with time is the one to
-- keep local. Milliseconds spread evenly over the slices, as days would not. Questions ask for recent time first.
DISTSTYLE KEY
DISTKEY (start_time)
SORTKEY (start_time);
