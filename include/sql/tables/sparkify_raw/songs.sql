-- Purpose: every record of the newest accepted version of every catalogue file. Plays are matched against these
--   records.
-- Grain: each row is one record of a catalogue file; the same song can be in several files, in different versions.
-- Notes: COPY leaves batch_id out, an INSERT sets it; that is why it is not NOT NULL.
-- Parameter: table = sparkify_raw.songs; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    batch_id BIGINT,                    -- the COPY that loaded the row: sparkify_raw.files says from which files
    artist_id VARCHAR(64),              -- the catalogue's id of the artist
    artist_latitude DOUBLE PRECISION,   -- degrees north; exact, so no scaled NUMERIC
    artist_location VARCHAR(512),       -- place in words; empty when unknown
    artist_longitude DOUBLE PRECISION,  -- degrees east
    artist_name VARCHAR(512),           -- name of the artist
    duration DOUBLE PRECISION,          -- seconds
    num_songs INTEGER,                  -- songs in the file
    song_id VARCHAR(64),                -- the catalogue's id of the song
    title VARCHAR(512),                 -- title of the song
    year INTEGER                        -- year of release; 0 when unknown
)
-- Plays are matched by title: equal titles are on one slice.
DISTSTYLE KEY
DISTKEY (title)
SORTKEY (title);
