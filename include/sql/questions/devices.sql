-- Purpose: plays by browser and operating system.
-- Grain: each row is one operating system and browser, with its plays and listeners.
-- Notes: parsed from the user agent. The order of the conditions matters: Chrome also names Safari, an iPhone also
--   names Mac, and Android also names Linux.
-- Parameter: none
WITH named AS (
    SELECT
        CASE
            WHEN user_agent LIKE '%iPhone%' THEN 'iPhone'
            WHEN user_agent LIKE '%iPad%' THEN 'iPad'
            WHEN user_agent LIKE '%Android%' THEN 'Android'
            WHEN user_agent LIKE '%Windows%' THEN 'Windows'
            WHEN user_agent LIKE '%Macintosh%' THEN 'Mac'
            WHEN user_agent LIKE '%Linux%' THEN 'Linux'
            ELSE 'other'
        END AS operating_system,
        CASE
            WHEN user_agent LIKE '%Firefox/%' OR user_agent LIKE '%FxiOS/%' THEN 'Firefox'
            WHEN user_agent LIKE '%Edg%/%' THEN 'Edge'
            WHEN user_agent LIKE '%OPR/%' OR user_agent LIKE '%Opera%' THEN 'Opera'
            WHEN user_agent LIKE '%Chrome/%' OR user_agent LIKE '%CriOS/%' THEN 'Chrome'
            WHEN user_agent LIKE '%MSIE %' OR user_agent LIKE '%Trident/%' THEN 'Internet Explorer'
            WHEN user_agent LIKE '%Safari/%' THEN 'Safari'
            ELSE 'other'
        END AS browser,
        user_id
    FROM sparkify.songplays
),

plays_by_device AS (
    SELECT
        operating_system,
        browser,
        COUNT(*) AS plays,
        COUNT(DISTINCT user_id) AS listeners
    FROM named
    GROUP BY operating_system, browser
)

SELECT
    operating_system,
    browser,
    plays,
    listeners
FROM plays_by_device
ORDER BY plays DESC, operating_system ASC, browser ASC;
