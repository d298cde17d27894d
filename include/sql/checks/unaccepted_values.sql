-- Purpose: count the rows with a value that is not one of those expected; NULL is none.
-- Grain: each row is the one figure observed.
-- Parameter: table = audit.users; the table
-- Parameter: column = level; the column
-- Parameter: accepted = 'free', 'paid'; the accepted values, as SQL
SELECT COUNT(*) AS observed
FROM {{ table }}
WHERE {{ column }} IS NOT NULL AND {{ column }} NOT IN ({{ accepted }});
