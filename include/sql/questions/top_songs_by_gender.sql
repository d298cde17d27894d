-- Purpose: the songs women and men listen to most.
-- Grain: each row is one song of an artist among the five played most by listeners of a gender.
-- Surprises: songs and artists as the player wrote them: most plays match no song of the catalogue. Listeners whose
--   gender is unknown are left out.
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
