-- Purpose: the artists of the catalogue.
-- Grain: each row is one artist, in its preferred version.
-- Parameter: table = sparkify.artists; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    artist_id VARCHAR(64) NOT NULL,  -- the catalogue's id of the artist
    name VARCHAR(512),               -- name
    location VARCHAR(512),           -- place in words; NULL when unknown
    latitude DOUBLE PRECISION,       -- degrees north
    longitude DOUBLE PRECISION,      -- degrees east
    PRIMARY KEY (artist_id)
)
-- Changes slowly, and joined with every fact: a copy on every node.
DISTSTYLE ALL
SORTKEY (artist_id);
