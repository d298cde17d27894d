-- Purpose: versions of plays, each with the song of the catalogue that it matches.
-- Grain: each row is one version of a play: a staged play event, or a published play whose title and artist the new
--   files of the catalogue bring.
-- Surprises: a play matches any version of a catalogue record ever loaded, so staging.songs is read and not the
--   deduplicated sparkify.songs. A rebuild knows only what it has just read.
-- Parameter: mode = merge; merge, replace or rebuild
-- Parameter: period_start = 2018-11-01 00:00:00; first moment of the period loaded
-- Parameter: period_end = 2018-12-01 00:00:00; first moment after it
WITH catalogue AS (
    SELECT
        song_id,
        artist_id,
        title,
        artist_name,
        duration
    FROM staging.new_songs
    WHERE song_id IS NOT NULL AND artist_id IS NOT NULL
    UNION ALL
    SELECT
        song_id,
        artist_id,
        title,
        artist_name,
        duration
    FROM staging.songs
    WHERE song_id IS NOT NULL AND artist_id IS NOT NULL AND '{{ mode }}' <> 'rebuild'
),

-- In mode replace the period's published plays are on their way out: what the corrected file lacks must not come back.
published_plays_to_match_again AS (
    SELECT
        songplay_id,
        start_time,
        user_id,
        level,
        session_id,
        location,
        user_agent,
        item_in_session,
        song,
        artist,
        length
    FROM sparkify.songplays
    WHERE
        '{{ mode }}' <> 'rebuild'
        AND EXISTS (
            SELECT 1
            FROM staging.new_songs
            WHERE
                new_songs.title = songplays.song
                AND new_songs.artist_name = songplays.artist
        )
        AND NOT (
            '{{ mode }}' = 'replace'
            AND start_time >= TIMESTAMP '{{ period_start }}'
            AND start_time < TIMESTAMP '{{ period_end }}'
        )
),

plays AS (
    SELECT
        songplay_id,
        start_time,
        user_id,
        level,
        session_id,
        location,
        user_agent,
        item_in_session,
        song,
        artist,
        length
    FROM staging.plays
    UNION ALL
    SELECT
        songplay_id,
        start_time,
        user_id,
        level,
        session_id,
        location,
        user_agent,
        item_in_session,
        song,
        artist,
        length
    FROM published_plays_to_match_again
),

songs_played AS (
    SELECT DISTINCT
        song,
        artist,
        length
    FROM plays
),

-- Ranked, not joined: a play never becomes two rows, however many records have its title and artist.
matches AS (
    SELECT
        songs_played.song,
        songs_played.artist,
        songs_played.length,
        catalogue.song_id,
        catalogue.artist_id,
        ROW_NUMBER() OVER (
            PARTITION BY songs_played.song, songs_played.artist, songs_played.length
            ORDER BY
                ABS(catalogue.duration - songs_played.length) ASC NULLS LAST,
                catalogue.song_id ASC NULLS LAST,
                catalogue.artist_id ASC NULLS LAST
        ) AS place
    FROM songs_played
    INNER JOIN catalogue
        ON
            songs_played.song = catalogue.title
            AND songs_played.artist = catalogue.artist_name
),

matched_plays AS (
    SELECT
        plays.songplay_id,
        plays.start_time,
        plays.user_id,
        plays.level,
        matches.song_id,
        matches.artist_id,
        plays.session_id,
        plays.location,
        plays.user_agent,
        plays.item_in_session,
        plays.song,
        plays.artist,
        plays.length
    FROM plays
    LEFT JOIN matches
        ON
            plays.song = matches.song
            AND plays.artist = matches.artist
            AND (plays.length = matches.length OR (plays.length IS NULL AND matches.length IS NULL))
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
