-- Purpose: the candidates for sparkify.users of this run: what checks judge and publishing takes over.
-- Grain: each row is one row of sparkify.users that is new or changed.
-- Parameter: table = audit.users; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    LIKE sparkify.users INCLUDING DEFAULTS
);
