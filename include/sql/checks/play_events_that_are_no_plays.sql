-- Purpose: count the NextSong events that lack what a play needs, and so were left out.
-- Grain: each row is the one figure observed.
-- Parameter: none
WITH next_song_events AS (
    SELECT COUNT(*) AS n
    FROM staging.events
    WHERE page = 'NextSong'
),

plays AS (
    SELECT COUNT(*) AS n
    FROM staging.plays
)

SELECT next_song_events.n - plays.n AS observed
FROM next_song_events
CROSS JOIN plays;
