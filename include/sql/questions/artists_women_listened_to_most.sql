-- Purpose: the three artists women listened to most in a year.
-- Grain: each row is one artist of the catalogue, with the plays by women in that year.
-- Parameter: year = 2018; the year, as a number
WITH plays_by_women AS (
    SELECT songplays.artist_id
    FROM sparkify.songplays
    INNER JOIN sparkify.users
        ON songplays.user_id = users.user_id
    INNER JOIN sparkify.time
        ON songplays.start_time = time.start_time
    WHERE users.gender = 'F' AND time.year = {{ year }}
),

artists_by_plays AS (
    SELECT
        artists.name AS artist,
        COUNT(*) AS plays
    FROM plays_by_women
    INNER JOIN sparkify.artists
        ON plays_by_women.artist_id = artists.artist_id
    GROUP BY artists.artist_id, artists.name
)

SELECT
    artist,
    plays
FROM artists_by_plays
ORDER BY plays DESC, artist ASC
LIMIT 3;
