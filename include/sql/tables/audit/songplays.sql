-- Purpose: the candidates for sparkify.songplays of this run: what checks judge and publishing takes over.
-- Grain: each row is one row of sparkify.songplays that is new or changed.
-- Parameter: table = audit.songplays; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    LIKE sparkify.songplays INCLUDING DEFAULTS
);
