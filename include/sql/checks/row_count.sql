-- Purpose: count the rows of a table.
-- Grain: each row is the one figure observed.
-- Parameter: table = staging.events; the table
SELECT COUNT(*) AS observed
FROM {{ table }};
