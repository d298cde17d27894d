-- Purpose: users who started on the free level and pay now, with the most plays as paying users.
-- Grain: each row is one user, with the time of the first play as a paying user, and the plays on each level; the top
--   five.
-- Parameter: none
WITH plays_by_user AS (
    SELECT
        user_id,
        MIN(CASE WHEN level = 'paid' THEN start_time END) AS first_paid_play,
        MIN(CASE WHEN level = 'free' THEN start_time END) AS first_free_play,
        SUM(CASE WHEN level = 'free' THEN 1 ELSE 0 END) AS plays_as_free,
        SUM(CASE WHEN level = 'paid' THEN 1 ELSE 0 END) AS plays_as_paid
    FROM sparkify.songplays
    GROUP BY user_id
),

went_paid AS (
    SELECT
        users.user_id,
        users.first_name,
        users.last_name,
        plays_by_user.first_paid_play,
        plays_by_user.plays_as_free,
        plays_by_user.plays_as_paid
    FROM plays_by_user
    INNER JOIN sparkify.users
        ON plays_by_user.user_id = users.user_id
    WHERE
        users.level = 'paid'
        AND plays_by_user.first_free_play < plays_by_user.first_paid_play
)

SELECT
    first_name,
    last_name,
    first_paid_play,
    plays_as_free,
    plays_as_paid
FROM went_paid
ORDER BY plays_as_paid DESC, last_name ASC, first_name ASC, user_id ASC
LIMIT 5;
