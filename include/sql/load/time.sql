-- Purpose: the calendar rows of timestamps.
-- Grain: each row is one timestamp at which a play started.
-- Notes: the week is the ISO week from TO_CHAR, whose meaning the manual states; weekday 0 is Sunday.
-- Parameter: songplays = sparkify.songplays; where the plays are
WITH start_times AS (
    SELECT DISTINCT start_time
    FROM {{ songplays }} AS songplays
)

SELECT
    start_time,
    EXTRACT(HOUR FROM start_time) AS hour,
    EXTRACT(DAY FROM start_time) AS day,
    CAST(TO_CHAR(start_time, 'IW') AS INTEGER) AS week,
    EXTRACT(MONTH FROM start_time) AS month,
    EXTRACT(YEAR FROM start_time) AS year,
    EXTRACT(DOW FROM start_time) AS weekday
FROM start_times;
