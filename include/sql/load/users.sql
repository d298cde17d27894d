-- Purpose: versions of users, from every plausible event that has a user, plays or not.
-- Grain: each row is one user as one event shows them.
-- Notes: an event is plausible if its ts is in the years 2000 to 2099.
-- Parameter: events = sparkify_raw.events; where the events are
WITH plausible_events AS (
    SELECT DISTINCT
        user_id,
        first_name,
        last_name,
        gender,
        level,
        DATEADD(MS, CAST(ts % 1000 AS INTEGER), TIMESTAMP 'epoch' + (ts / 1000) * INTERVAL '1 second') AS last_event_at
    FROM {{ events }} AS events
    WHERE
        user_id IS NOT NULL
        AND ts >= 946684800000
        AND ts < 4102444800000
)

SELECT
    user_id,
    first_name,
    last_name,
    gender,
    level,
    last_event_at
FROM plausible_events;
