-- Purpose: find log files in which a field is missing or has another name.
-- Grain: each row is one batch of staged events with the largest share of events that lack one of the required fields.
-- Notes: a user id is required of plays alone; nobody is logged in on the other pages.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
WITH counts AS (
    SELECT
        batch_id,
        CAST(COUNT(*) AS DOUBLE PRECISION) AS events,
        COUNT(session_id) AS with_session_id,
        COUNT(item_in_session) AS with_item_in_session,
        COUNT(page) AS with_page,
        COUNT(ts) AS with_ts,
        COUNT(level) AS with_level,
        CAST(COUNT(CASE WHEN page = 'NextSong' THEN 1 END) AS DOUBLE PRECISION) AS plays,
        COUNT(CASE WHEN page = 'NextSong' THEN user_id END) AS plays_with_user_id
    FROM {{ run_schema }}.staged_events
    GROUP BY batch_id
)

SELECT
    batch_id,
    GREATEST(
        1 - with_session_id / events,
        1 - with_item_in_session / events,
        1 - with_page / events,
        1 - with_ts / events,
        1 - with_level / events,
        CASE WHEN plays > 0 THEN 1 - plays_with_user_id / plays ELSE 0 END
    ) AS observed
FROM counts;
