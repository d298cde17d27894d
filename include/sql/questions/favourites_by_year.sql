-- Purpose: the most played artists and songs of each year.
-- Grain: each row is one year and rank, with the artist and the song of that rank; the top five of each of the latest
--   five years.
-- Notes: songs and artists by the names that the player logs, because most plays match no song in the catalogue. The
--   artist and the song of a row have the same rank, but are otherwise unrelated.
-- Parameter: none
WITH plays AS (
    SELECT
        time.year,
        songplays.song,
        songplays.artist
    FROM sparkify.songplays
    INNER JOIN sparkify.time
        ON songplays.start_time = time.start_time
),

plays_by_artist AS (
    SELECT
        year,
        artist,
        COUNT(*) AS plays
    FROM plays
    WHERE artist IS NOT NULL
    GROUP BY year, artist
),

artists AS (
    SELECT
        year,
        artist,
        plays,
        ROW_NUMBER() OVER (
            PARTITION BY year
            ORDER BY plays DESC, artist ASC
        ) AS rank
    FROM plays_by_artist
),

plays_by_song AS (
    SELECT
        year,
        song,
        artist,
        COUNT(*) AS plays
    FROM plays
    WHERE song IS NOT NULL
    GROUP BY year, song, artist
),

songs AS (
    SELECT
        year,
        song,
        artist,
        plays,
        ROW_NUMBER() OVER (
            PARTITION BY year
            ORDER BY plays DESC, song ASC, artist ASC
        ) AS rank
    FROM plays_by_song
),

favourites AS (
    SELECT
        COALESCE(artists.year, songs.year) AS year,
        COALESCE(artists.rank, songs.rank) AS rank,
        artists.artist,
        artists.plays AS plays_of_artist,
        songs.song,
        songs.artist AS artist_of_song,
        songs.plays AS plays_of_song
    FROM artists
    FULL OUTER JOIN songs
        ON artists.year = songs.year AND artists.rank = songs.rank
)

SELECT
    year,
    rank,
    artist,
    plays_of_artist,
    song,
    artist_of_song,
    plays_of_song
FROM favourites
WHERE rank <= 5
ORDER BY year DESC, rank ASC
LIMIT 25;
