-- Purpose: the most played songs, by women and by men.
-- Grain: each row is one song of an artist, among the five with the most plays by a gender.
-- Notes: songs and artists by the names that the player logs, because most plays match no song in the catalogue.
--   Listeners of unknown gender are excluded.
-- Parameter: none
WITH plays_by_gender AS (
    SELECT
        CASE users.gender WHEN 'F' THEN 'women' WHEN 'M' THEN 'men' END AS gender,
        songplays.song,
        songplays.artist
    FROM sparkify.songplays
    INNER JOIN sparkify.users
        ON songplays.user_id = users.user_id
    WHERE users.gender IN ('F', 'M') AND songplays.song IS NOT NULL
),

plays_by_song AS (
    SELECT
        gender,
        song,
        artist,
        COUNT(*) AS plays
    FROM plays_by_gender
    GROUP BY gender, song, artist
),

ranked AS (
    SELECT
        gender,
        song,
        artist,
        plays,
        ROW_NUMBER() OVER (
            PARTITION BY gender
            ORDER BY plays DESC, song ASC, artist ASC
        ) AS rank
    FROM plays_by_song
)

SELECT
    gender,
    rank,
    song,
    artist,
    plays
FROM ranked
WHERE rank <= 5
ORDER BY gender DESC, rank ASC;
