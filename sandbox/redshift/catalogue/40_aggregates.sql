-- Aggregates that answer otherwise than PostgreSQL's, and numbers.

-- AVG of integers is a BIGINT, truncated.
CREATE FUNCTION pg_redshift.avg_of_integers(state bigint[]) RETURNS bigint IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN state[1] > 0 THEN state[2] / state[1] END;
CREATE AGGREGATE pg_redshift.avg(smallint) (
    sfunc = int2_avg_accum, stype = bigint[], initcond = '{0,0}', finalfunc = pg_redshift.avg_of_integers,
    combinefunc = int4_avg_combine, parallel = safe
);
CREATE AGGREGATE pg_redshift.avg(integer) (
    sfunc = int4_avg_accum, stype = bigint[], initcond = '{0,0}', finalfunc = pg_redshift.avg_of_integers,
    combinefunc = int4_avg_combine, parallel = safe
);
-- The sum of BIGINTs may not fit one. AVG of a DECIMAL keeps the scale of what came in, and is truncated: 2.71 in the guide's
-- example of PIVOT.
CREATE FUNCTION pg_redshift.avg_next(state numeric[], n bigint) RETURNS numeric[] IMMUTABLE STRICT LANGUAGE sql
    RETURN ARRAY[state[1] + 1, state[2] + n];
CREATE FUNCTION pg_redshift.avg_next(state numeric[], n numeric) RETURNS numeric[] IMMUTABLE STRICT LANGUAGE sql
    RETURN ARRAY[state[1] + 1, state[2] + n];
CREATE FUNCTION pg_redshift.avg_of_bigints(state numeric[]) RETURNS bigint IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN state[1] > 0 THEN div(state[2], state[1])::bigint END;
CREATE FUNCTION pg_redshift.avg_of_decimals(state numeric[]) RETURNS numeric IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN state[1] > 0
        THEN pg_catalog.round(div(state[2] * 10::numeric ^ scale(state[2]), state[1]) / 10::numeric ^ scale(state[2]), scale(state[2])) END;
CREATE AGGREGATE pg_redshift.avg(bigint) (
    sfunc = pg_redshift.avg_next, stype = numeric[], initcond = '{0,0}', finalfunc = pg_redshift.avg_of_bigints
);
CREATE AGGREGATE pg_redshift.avg(numeric) (
    sfunc = pg_redshift.avg_next, stype = numeric[], initcond = '{0,0}', finalfunc = pg_redshift.avg_of_decimals
);

-- LISTAGG reads over NULL and the empty string.
CREATE FUNCTION pg_redshift.listagg_next(state text, item text, delimiter text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF coalesce(octet_length(item), 0) = 0 THEN
        RETURN state;
    ELSIF state IS NULL THEN
        RETURN item;
    ELSIF octet_length(state) + octet_length(item) > 65535 THEN
        RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'Result size exceeds LISTAGG limit';
    END IF;
    RETURN state || coalesce(delimiter, '') || item;
END
$$;
CREATE FUNCTION pg_redshift.listagg_next(state text, item text) RETURNS text IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.listagg_next(state, item, '');
CREATE FUNCTION pg_redshift.listagg_next(state text, item anyelement, delimiter text) RETURNS text STABLE LANGUAGE sql
    AS 'SELECT pg_redshift.listagg_next(state, item::text, delimiter)';
CREATE FUNCTION pg_redshift.listagg_next(state text, item anyelement) RETURNS text STABLE LANGUAGE sql
    AS $$ SELECT pg_redshift.listagg_next(state, item::text, '') $$;
CREATE AGGREGATE pg_redshift.listagg(text) (sfunc = pg_redshift.listagg_next, stype = text);
CREATE AGGREGATE pg_redshift.listagg(text, text) (sfunc = pg_redshift.listagg_next, stype = text);
CREATE AGGREGATE pg_redshift.listagg(anyelement) (sfunc = pg_redshift.listagg_next, stype = text);
CREATE AGGREGATE pg_redshift.listagg(anyelement, text) (sfunc = pg_redshift.listagg_next, stype = text);

-- MEDIAN, of numbers and of dates, as an ordinary aggregate: it has a window form, which PostgreSQL's percentiles have not.
CREATE FUNCTION pg_redshift.median_of(items numeric[]) RETURNS numeric IMMUTABLE LANGUAGE sql RETURN (
    SELECT trim_scale(pg_catalog.avg(item)) FROM (
        SELECT item, row_number() OVER (ORDER BY item) AS place, count(*) OVER () AS n FROM unnest(items) item) ranked
    WHERE place IN ((n + 1) / 2, (n + 2) / 2));
CREATE FUNCTION pg_redshift.median_of(items float8[]) RETURNS float8 IMMUTABLE LANGUAGE sql RETURN (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY item) FROM unnest(items) item);
CREATE FUNCTION pg_redshift.median_of(items timestamp[]) RETURNS timestamp IMMUTABLE LANGUAGE sql RETURN (
    SELECT timestamp 'epoch' + interval '1 second' * percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM item)::float8)
    FROM unnest(items) item);
CREATE FUNCTION pg_redshift.median_next(items numeric[], item numeric) RETURNS numeric[] IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN item IS NULL THEN items ELSE array_append(items, item) END;
CREATE FUNCTION pg_redshift.median_next(items numeric[], item bigint) RETURNS numeric[] IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN item IS NULL THEN items ELSE array_append(items, item) END;
CREATE FUNCTION pg_redshift.median_next(items numeric[], item integer) RETURNS numeric[] IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN item IS NULL THEN items ELSE array_append(items, item) END;
CREATE FUNCTION pg_redshift.median_next(items numeric[], item smallint) RETURNS numeric[] IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN item IS NULL THEN items ELSE array_append(items, item) END;
CREATE FUNCTION pg_redshift.median_next(items timestamp[], item date) RETURNS timestamp[] IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN item IS NULL THEN items ELSE array_append(items, item) END;
CREATE FUNCTION pg_redshift.median_day(items timestamp[]) RETURNS date IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.median_of(items)::date;
CREATE FUNCTION pg_redshift.median_next(items float8[], item float8) RETURNS float8[] IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN item IS NULL THEN items ELSE array_append(items, item) END;
CREATE FUNCTION pg_redshift.median_next(items timestamp[], item timestamp) RETURNS timestamp[] IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN item IS NULL THEN items ELSE array_append(items, item) END;
CREATE AGGREGATE pg_redshift.median(numeric) (
    sfunc = pg_redshift.median_next, stype = numeric[], initcond = '{}', finalfunc = pg_redshift.median_of);
CREATE AGGREGATE pg_redshift.median(smallint) (
    sfunc = pg_redshift.median_next, stype = numeric[], initcond = '{}', finalfunc = pg_redshift.median_of);
CREATE AGGREGATE pg_redshift.median(date) (
    sfunc = pg_redshift.median_next, stype = timestamp[], initcond = '{}', finalfunc = pg_redshift.median_day);
CREATE AGGREGATE pg_redshift.median(integer) (
    sfunc = pg_redshift.median_next, stype = numeric[], initcond = '{}', finalfunc = pg_redshift.median_of);
CREATE AGGREGATE pg_redshift.median(bigint) (
    sfunc = pg_redshift.median_next, stype = numeric[], initcond = '{}', finalfunc = pg_redshift.median_of);
CREATE AGGREGATE pg_redshift.median(float8) (
    sfunc = pg_redshift.median_next, stype = float8[], initcond = '{}', finalfunc = pg_redshift.median_of);
CREATE AGGREGATE pg_redshift.median(timestamp) (
    sfunc = pg_redshift.median_next, stype = timestamp[], initcond = '{}', finalfunc = pg_redshift.median_of);

-- Rounding DOUBLE PRECISION to a place; PostgreSQL has it for NUMERIC alone.
CREATE FUNCTION pg_redshift.round(x float8, places integer) RETURNS float8 IMMUTABLE LANGUAGE sql
    RETURN pg_catalog.round(x::numeric, places)::float8;
CREATE FUNCTION pg_redshift.trunc(x float8, places integer) RETURNS float8 IMMUTABLE LANGUAGE sql
    RETURN pg_catalog.trunc(x::numeric, places)::float8;
CREATE FUNCTION pg_redshift.dcbrt(x float8) RETURNS float8 IMMUTABLE LANGUAGE sql RETURN cbrt(x);

-- The n-th value that is not NULL, from the first row of a frame on or back from its last: FIRST_VALUE and its like with IGNORE NULLS.
-- The state is n values, the first of them NULL until so many have come: the answer is its last, or counted from the end its first.
CREATE FUNCTION pg_redshift.nth_last_next(items anyarray, item anyelement, n integer) RETURNS anyarray IMMUTABLE LANGUAGE sql
AS $$ SELECT CASE
    WHEN item IS NULL THEN items
    WHEN cardinality(items) = 0 THEN array_append((array_fill(CASE WHEN false THEN item END, ARRAY[n]))[2:], item)
    ELSE array_append(items[2:], item) END $$;
CREATE FUNCTION pg_redshift.nth_next(items anyarray, item anyelement, n integer) RETURNS anyarray IMMUTABLE LANGUAGE sql
AS $$ SELECT CASE WHEN items[1] IS NULL THEN pg_redshift.nth_last_next(items, item, n) ELSE items END $$;
CREATE FUNCTION pg_redshift.nth_of(items anyarray) RETURNS anyelement IMMUTABLE LANGUAGE sql
AS 'SELECT CASE WHEN items[1] IS NOT NULL THEN items[cardinality(items)] END';
CREATE FUNCTION pg_redshift.nth_last_of(items anyarray) RETURNS anyelement IMMUTABLE LANGUAGE sql AS 'SELECT items[1]';
CREATE AGGREGATE pg_redshift.nth_known(anyelement, integer) (
    sfunc = pg_redshift.nth_next, stype = anyarray, initcond = '{}', finalfunc = pg_redshift.nth_of);
CREATE AGGREGATE pg_redshift.nth_last_known(anyelement, integer) (
    sfunc = pg_redshift.nth_last_next, stype = anyarray, initcond = '{}', finalfunc = pg_redshift.nth_last_of);
