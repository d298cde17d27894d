-- Purpose: count the rows with a number outside its range; NULL is none.
-- Grain: each row is the one figure observed.
-- Parameter: table = audit.artists; the table
-- Parameter: column = latitude; the column
-- Parameter: low = -90; smallest value expected
-- Parameter: high = 90; largest value expected
SELECT COUNT(*) AS observed
FROM {{ table }}
WHERE {{ column }} < {{ low }} OR {{ column }} > {{ high }};
