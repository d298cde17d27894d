-- Purpose: users who began as free listeners and pay now, those who listened most since first.
-- Grain: each row is one user, with when they first played a song as a paying user, and their plays before and since.
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
