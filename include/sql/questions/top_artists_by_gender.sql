-- Purpose: the artists women and men listen to most.
-- Grain: each row is one artist among the five played most by listeners of a gender.
-- Surprises: artists as the player wrote them: most plays match no song of the catalogue. Listeners whose gender is
--   unknown are left out.
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
