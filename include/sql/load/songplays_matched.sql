-- Purpose: plays, each with the song of the catalogue that it matches.
-- Grain: each row is one play.
-- Notes: a play matches any record of the catalogue with its title and artist, so this reads all records and not
--   sparkify.songs. Matches are ranked, not joined: a play never becomes two rows.
-- Parameter: songplays = sparkify_run_example.winners; where the plays are, without song_id and artist_id
-- Parameter: songs = sparkify_raw.songs; where the records of the catalogue are
WITH songs_played AS (
    SELECT DISTINCT
        song,
        artist,
        length
    FROM {{ songplays }} AS songplays
),

matches AS (
    SELECT
        songs_played.song,
        songs_played.artist,
        songs_played.length,
        songs.song_id,
        songs.artist_id,
        ROW_NUMBER() OVER (
            PARTITION BY songs_played.song, songs_played.artist, songs_played.length
            ORDER BY
                ABS(songs.duration - songs_played.length) ASC NULLS LAST,
                songs.song_id ASC NULLS LAST,
                songs.artist_id ASC NULLS LAST
        ) AS place
    FROM songs_played
    INNER JOIN {{ songs }} AS songs
        ON
            songs_played.song = songs.title
            AND songs_played.artist = songs.artist_name
    WHERE TRIM(songs.song_id) <> '' AND TRIM(songs.artist_id) <> ''
),

matched_plays AS (
    SELECT
        songplays.songplay_id,
        songplays.start_time,
        songplays.user_id,
        songplays.level,
        matches.song_id,
        matches.artist_id,
        songplays.session_id,
        songplays.location,
        songplays.user_agent,
        songplays.item_in_session,
        songplays.song,
        songplays.artist,
        songplays.length
    FROM {{ songplays }} AS songplays
    LEFT JOIN matches
        ON
            songplays.song = matches.song
            AND songplays.artist = matches.artist
            AND (songplays.length = matches.length OR (songplays.length IS NULL AND matches.length IS NULL))
            AND matches.place = 1
)

SELECT
    songplay_id,
    start_time,
    user_id,
    level,
    song_id,
    artist_id,
    session_id,
    location,
    user_agent,
    item_in_session,
    song,
    artist,
    length
FROM matched_plays;
