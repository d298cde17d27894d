-- Purpose: the songs of the catalogue.
-- Grain: each row is one song, in its preferred version.
-- Notes: only the key is NOT NULL. The tables that checks run on are made LIKE this one: a check reports a missing
--   value together with all other failures, before anything is published.
-- Parameter: table = sparkify.songs; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    song_id VARCHAR(64) NOT NULL,  -- the catalogue's id of the song
    title VARCHAR(512),            -- title
    artist_id VARCHAR(64),         -- its artist: sparkify.artists
    year INTEGER,                  -- year of release; NULL when unknown
    duration DOUBLE PRECISION,     -- seconds
    PRIMARY KEY (song_id)
)
-- Changes slowly, and joined with every fact: a copy on every node.
DISTSTYLE ALL
SORTKEY (song_id);
