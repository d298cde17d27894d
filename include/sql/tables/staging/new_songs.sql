-- Purpose: the song records of files not loaded before, of this run only; publishing appends them to staging.songs.
-- Grain: each row is one record of a file of the song catalogue; the same song can come in several versions.
-- Parameter: table = staging.new_songs; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    artist_id VARCHAR(64),              -- the catalogue's id of the artist
    artist_latitude DOUBLE PRECISION,   -- degrees north; exact, so no scaled NUMERIC
    artist_location VARCHAR(1024),      -- place in words; empty when unknown
    artist_longitude DOUBLE PRECISION,  -- degrees east
    artist_name VARCHAR(1024),          -- name of the artist
    duration DOUBLE PRECISION,          -- seconds
    num_songs INTEGER,                  -- songs in the file
    song_id VARCHAR(64),                -- the catalogue's id of the song
    title VARCHAR(1024),                -- title of the song
    year INTEGER                        -- year of release; 0 when unknown
)
-- Plays match by title first: equal titles on one slice.
DISTSTYLE KEY
DISTKEY (title)
SORTKEY (title);
