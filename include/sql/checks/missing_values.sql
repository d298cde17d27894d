-- Purpose: count the rows without a value in a column.
-- Grain: each row is the one figure observed.
-- Parameter: table = audit.users; the table
-- Parameter: column = user_id; the column
SELECT COUNT(*) AS observed
FROM {{ table }}
WHERE {{ column }} IS NULL;
