-- Purpose: the size and the freshness of each published table.
-- Grain: each row is one table, with its number of rows and its latest timestamp.
-- Notes: songs and artists have no timestamp column; for them, and for an empty table, the latest timestamp is NULL.
-- Parameter: none
WITH tables AS (
    SELECT
        1 AS position,
        'songplays' AS table_name,
        COUNT(*) AS row_count,
        MAX(start_time) AS latest
    FROM sparkify.songplays
    UNION ALL
    SELECT
        2 AS position,
        'users' AS table_name,
        COUNT(*) AS row_count,
        MAX(last_event_at) AS latest
    FROM sparkify.users
    UNION ALL
    SELECT
        3 AS position,
        'songs' AS table_name,
        COUNT(*) AS row_count,
        CAST(NULL AS TIMESTAMP) AS latest
    FROM sparkify.songs
    UNION ALL
    SELECT
        4 AS position,
        'artists' AS table_name,
        COUNT(*) AS row_count,
        CAST(NULL AS TIMESTAMP) AS latest
    FROM sparkify.artists
    UNION ALL
    SELECT
        5 AS position,
        'time' AS table_name,
        COUNT(*) AS row_count,
        MAX(start_time) AS latest
    FROM sparkify.time
)

SELECT
    table_name,
    row_count,
    latest
FROM tables
ORDER BY position ASC;
