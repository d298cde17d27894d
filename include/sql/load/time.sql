-- Purpose: the calendar rows of the staged plays.
-- Grain: each row is one moment at which a play began; superseded versions of plays count too.
-- Surprises: the week is the ISO week by TO_CHAR, whose meaning the manual states; weekday 0 is Sunday.
-- Parameter: none
WITH moments AS (
    SELECT DISTINCT start_time
    FROM staging.plays
)

SELECT
    start_time,
    EXTRACT(HOUR FROM start_time) AS hour,
    EXTRACT(DAY FROM start_time) AS day,
    CAST(TO_CHAR(start_time, 'IW') AS INTEGER) AS week,
    EXTRACT(MONTH FROM start_time) AS month,
    EXTRACT(YEAR FROM start_time) AS year,
    EXTRACT(DOW FROM start_time) AS weekday
FROM moments;
