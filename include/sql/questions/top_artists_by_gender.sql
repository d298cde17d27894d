-- Purpose: the most played artists, by women and by men.
-- Grain: each row is one artist, among the five with the most plays by a gender.
-- Notes: artists by the names that the player logs, because most plays match no song in the catalogue. Listeners of
--   unknown gender are excluded.
-- Parameter: none
WITH plays_by_gender AS (
    SELECT
        CASE users.gender WHEN 'F' THEN 'women' WHEN 'M' THEN 'men' END AS gender,
        songplays.artist
    FROM sparkify.songplays
    INNER JOIN sparkify.users
        ON songplays.user_id = users.user_id
    WHERE users.gender IN ('F', 'M') AND songplays.artist IS NOT NULL
),

plays_by_artist AS (
    SELECT
        gender,
        artist,
        COUNT(*) AS plays
    FROM plays_by_gender
    GROUP BY gender, artist
),

ranked AS (
    SELECT
        gender,
        artist,
        plays,
        ROW_NUMBER() OVER (
            PARTITION BY gender
            ORDER BY plays DESC, artist ASC
        ) AS rank
    FROM plays_by_artist
)

SELECT
    gender,
    rank,
    artist,
    plays
FROM ranked
WHERE rank <= 5
ORDER BY gender DESC, rank ASC;
