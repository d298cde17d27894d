-- Purpose: the candidates for sparkify.time of this run: what checks judge and publishing takes over.
-- Grain: each row is one row of sparkify.time that is new or changed.
-- Parameter: table = audit.time; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    LIKE sparkify.time INCLUDING DEFAULTS
);
