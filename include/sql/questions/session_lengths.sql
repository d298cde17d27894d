-- Purpose: how long sessions last.
-- Grain: each row is one range of lengths, with its sessions and its percentage of all sessions.
-- Notes: a session lasts from the start of its first play to the end of its last play, including pauses.
-- Parameter: none
WITH sessions AS (
    SELECT
        user_id,
        session_id,
        (
            MAX(DATE_PART(EPOCH, start_time) + COALESCE(length, 0)) - MIN(DATE_PART(EPOCH, start_time))
        ) / 60 AS minutes
    FROM sparkify.songplays
    GROUP BY user_id, session_id
),

-- Each range starts where the previous one ends; the last one has no end.
ranges AS (
    SELECT
        0 AS at_least,
        5 AS below,
        'under 5 min' AS session_length
    UNION ALL
    SELECT
        5 AS at_least,
        15 AS below,
        '5 to 15 min' AS session_length
    UNION ALL
    SELECT
        15 AS at_least,
        30 AS below,
        '15 to 30 min' AS session_length
    UNION ALL
    SELECT
        30 AS at_least,
        60 AS below,
        '30 to 60 min' AS session_length
    UNION ALL
    SELECT
        60 AS at_least,
        120 AS below,
        '1 to 2 h' AS session_length
    UNION ALL
    SELECT
        120 AS at_least,
        240 AS below,
        '2 to 4 h' AS session_length
    UNION ALL
    SELECT
        240 AS at_least,
        480 AS below,
        '4 to 8 h' AS session_length
    UNION ALL
    SELECT
        480 AS at_least,
        NULL AS below,
        'over 8 h' AS session_length
),

sessions_by_range AS (
    SELECT
        ranges.at_least,
        ranges.session_length,
        COUNT(sessions.minutes) AS sessions
    FROM ranges
    LEFT JOIN sessions
        ON
            ranges.at_least <= sessions.minutes
            AND (ranges.below > sessions.minutes OR ranges.below IS NULL)
    GROUP BY ranges.at_least, ranges.session_length
),

-- Without sessions the percentage is NULL, and there are no rows.
shares AS (
    SELECT
        at_least,
        session_length,
        sessions,
        CAST(
            CAST(sessions AS DOUBLE PRECISION) * 100 / NULLIF(SUM(sessions) OVER (), 0) AS DECIMAL(5, 1)
        ) AS percent_of_sessions
    FROM sessions_by_range
)

SELECT
    session_length,
    sessions,
    percent_of_sessions
FROM shares
WHERE percent_of_sessions IS NOT NULL
ORDER BY at_least ASC;
