-- Purpose: reconcile the log files with the users: count the users of plausible events who will not be published.
-- Grain: each row is the one number observed.
-- Parameter: run_schema = sparkify_run_example; the schema of the run
WITH staged_users AS (
    SELECT DISTINCT user_id
    FROM {{ run_schema }}.staged_events
    WHERE
        user_id IS NOT NULL
        AND ts >= 946684800000
        AND ts < 4102444800000
),

users_to_be AS (
    SELECT user_id FROM {{ run_schema }}.users
    UNION
    SELECT published.user_id
    FROM sparkify.users AS published
    LEFT JOIN {{ run_schema }}.deleted_users AS deleted
        ON published.user_id = deleted.user_id
    WHERE deleted.user_id IS NULL
)

SELECT COUNT(*) AS observed
FROM staged_users
LEFT JOIN users_to_be
    ON staged_users.user_id = users_to_be.user_id
WHERE users_to_be.user_id IS NULL;
