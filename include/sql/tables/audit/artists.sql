-- Purpose: the candidates for sparkify.artists of this run: what checks judge and publishing takes over.
-- Grain: each row is one row of sparkify.artists that is new or changed.
-- Parameter: table = audit.artists; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    LIKE sparkify.artists INCLUDING DEFAULTS
);
