-- Purpose: versions of users, from every event that knows its user, plays or not.
-- Grain: each row is one user as one event saw them.
-- Parameter: none
WITH events_of_users AS (
    SELECT DISTINCT
        user_id,
        first_name,
        last_name,
        gender,
        level,
        DATEADD(MS, CAST(ts % 1000 AS INTEGER), TIMESTAMP 'epoch' + (ts / 1000) * INTERVAL '1 second') AS last_event_at
    FROM staging.events
    WHERE user_id IS NOT NULL
)

SELECT
    user_id,
    first_name,
    last_name,
    gender,
    level,
    last_event_at
FROM events_of_users;
