-- Purpose: which staged events are plays; the one place that says so.
-- Grain: each row is one play event of this run; the same play can come more than once, in different versions.
-- Surprises: ts is taken apart into seconds and milliseconds because BIGINT / 1000.0 would go through DECIMAL; both
--   parts here are exact.
CREATE OR REPLACE VIEW staging.plays AS
SELECT
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
FROM staging.events
WHERE
    page = 'NextSong'
    AND user_id IS NOT NULL
    AND session_id IS NOT NULL
    AND ts IS NOT NULL
    AND item_in_session >= 0
    AND item_in_session < 1048576;
