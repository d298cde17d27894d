-- Purpose: the three artists that women played most in the latest year.
-- Grain: each row is one artist in the catalogue, with its plays by women in that year.
-- Notes: only plays that match a song in the catalogue count. The latest year is the year of the latest play; if it has
--   no match, there are no rows.
-- Parameter: none
WITH latest_year AS (
    SELECT MAX(year) AS year
    FROM sparkify.time
),

plays_by_women AS (
    SELECT
        latest_year.year,
        songplays.artist_id
    FROM sparkify.songplays
    INNER JOIN sparkify.users
        ON songplays.user_id = users.user_id
    INNER JOIN sparkify.time
        ON songplays.start_time = time.start_time
    INNER JOIN latest_year
        ON time.year = latest_year.year
    WHERE users.gender = 'F'
),

artists_by_plays AS (
    SELECT
        plays_by_women.year,
        artists.name AS artist,
        COUNT(*) AS plays
    FROM plays_by_women
    INNER JOIN sparkify.artists
        ON plays_by_women.artist_id = artists.artist_id
    GROUP BY plays_by_women.year, artists.artist_id, artists.name
)

SELECT
    year,
    artist,
    plays
FROM artists_by_plays
ORDER BY plays DESC, artist ASC
LIMIT 3;
