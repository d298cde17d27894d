-- Purpose: the candidates for sparkify.songs of this run: what checks judge and publishing takes over.
-- Grain: each row is one row of sparkify.songs that is new or changed.
-- Parameter: table = audit.songs; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    LIKE sparkify.songs INCLUDING DEFAULTS
);
