-- Purpose: count the rows whose key another row has already.
-- Grain: each row is the one figure observed.
-- Parameter: table = audit.users; the table
-- Parameter: key = user_id; the column that identifies a row
SELECT COUNT({{ key }}) - COUNT(DISTINCT {{ key }}) AS observed
FROM {{ table }};
