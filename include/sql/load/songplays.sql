-- Purpose: versions of plays, from play events: the one place that says which event is a play.
-- Grain: each row is one play as one event has it; the same play can be in several events, in different versions.
-- Notes: an event is plausible if its ts is in the years 2000 to 2099. ts is split into seconds and milliseconds
--   because BIGINT / 1000.0 would go through DECIMAL; both parts are exact.
-- Parameter: events = sparkify_raw.events; where the events are
WITH play_events AS (
    SELECT DISTINCT
        CAST(session_id AS BIGINT) * 1048576 + item_in_session AS songplay_id,
        DATEADD(MS, CAST(ts % 1000 AS INTEGER), TIMESTAMP 'epoch' + (ts / 1000) * INTERVAL '1 second') AS start_time,
        user_id,
        level,
        session_id,
        location,
        user_agent,
        item_in_session,
        song,
        artist,
        length
    FROM {{ events }} AS events
    WHERE
        page = 'NextSong'
        AND user_id IS NOT NULL
        AND session_id IS NOT NULL
        AND item_in_session >= 0
        AND item_in_session < 1048576
        AND ts >= 946684800000
        AND ts < 4102444800000
)

SELECT
    songplay_id,
    start_time,
    user_id,
    level,
    session_id,
    location,
    user_agent,
    item_in_session,
    song,
    artist,
    length
FROM play_events;
