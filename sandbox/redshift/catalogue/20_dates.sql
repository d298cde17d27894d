-- Dates and times as Redshift counts them. Date parts come in under one name each; the rewriter has seen to it.
-- Every function has a DATE form, too: PostgreSQL would take a DATE for a TIMESTAMP WITH TIME ZONE first.

-- Statement start, without zone, to the second.
CREATE FUNCTION pg_redshift.getdate() RETURNS timestamp STABLE LANGUAGE sql
    RETURN date_trunc('second', statement_timestamp()::timestamp);
-- Transaction start, without zone.
CREATE FUNCTION pg_redshift.sysdate() RETURNS timestamp STABLE LANGUAGE sql RETURN localtimestamp;

-- DATEADD. A month's end clips (April 30 + 1 month = May 30), but by years February 29 becomes March 1.
CREATE FUNCTION pg_redshift.date_add(part text, n bigint, t timestamp) RETURNS timestamp IMMUTABLE LANGUAGE sql RETURN
    CASE
        WHEN part IN ('year', 'decade', 'century', 'millennium') THEN
            t + n * ('1 ' || part)::interval + CASE
                WHEN extract(day FROM t + n * ('1 ' || part)::interval) <> extract(day FROM t) THEN interval '1 day'
                ELSE interval '0' END
        WHEN part = 'quarter' THEN t + 3 * n * interval '1 month'
        ELSE t + n * ('1 ' || part)::interval
    END;
CREATE FUNCTION pg_redshift.date_add(part text, n bigint, d date) RETURNS timestamp IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.date_add(part, n, d::timestamp);
CREATE FUNCTION pg_redshift.date_add(part text, n bigint, t timestamptz) RETURNS timestamptz STABLE LANGUAGE sql
    RETURN pg_redshift.date_add(part, n, t::timestamp)::timestamptz;
CREATE FUNCTION pg_redshift.date_add(part text, n bigint, t time) RETURNS time IMMUTABLE LANGUAGE sql
    RETURN t + n * ('1 ' || part)::interval;

-- DATEDIFF: boundaries of the part crossed from a to b. Weeks begin on Monday.
CREATE FUNCTION pg_redshift.date_diff(part text, a timestamp, b timestamp) RETURNS bigint IMMUTABLE LANGUAGE sql RETURN
    CASE part
        WHEN 'year' THEN extract(year FROM b)::bigint - extract(year FROM a)::bigint
        WHEN 'quarter' THEN (extract(year FROM b) * 4 + extract(quarter FROM b) - extract(year FROM a) * 4
            - extract(quarter FROM a))::bigint
        WHEN 'month' THEN (extract(year FROM b) * 12 + extract(month FROM b) - extract(year FROM a) * 12
            - extract(month FROM a))::bigint
        WHEN 'week' THEN ((date_trunc('week', b)::date - date_trunc('week', a)::date) / 7)::bigint
        WHEN 'day' THEN (b::date - a::date)::bigint
        WHEN 'hour' THEN (extract(epoch FROM date_trunc('hour', b) - date_trunc('hour', a)) / 3600)::bigint
        WHEN 'minute' THEN (extract(epoch FROM date_trunc('minute', b) - date_trunc('minute', a)) / 60)::bigint
        WHEN 'second' THEN extract(epoch FROM date_trunc('second', b) - date_trunc('second', a))::bigint
        WHEN 'millisecond' THEN
            (extract(epoch FROM date_trunc('milliseconds', b) - date_trunc('milliseconds', a)) * 1000)::bigint
        WHEN 'microsecond' THEN (extract(epoch FROM b - a) * 1000000)::bigint
        ELSE (extract(year FROM date_trunc(part, b)) - extract(year FROM date_trunc(part, a)))::bigint
            / CASE part WHEN 'decade' THEN 10 WHEN 'century' THEN 100 WHEN 'millennium' THEN 1000 END
    END;
CREATE FUNCTION pg_redshift.date_diff(part text, a date, b date) RETURNS bigint IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.date_diff(part, a::timestamp, b::timestamp);
CREATE FUNCTION pg_redshift.date_diff(part text, a timestamptz, b timestamptz) RETURNS bigint STABLE LANGUAGE sql
    RETURN pg_redshift.date_diff(part, a::timestamp, b::timestamp);
CREATE FUNCTION pg_redshift.date_diff(part text, a time, b time) RETURNS bigint IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.date_diff(part, date '2000-01-01' + a, date '2000-01-01' + b);

-- DATE_PART: DOUBLE PRECISION, seconds with their fraction.
CREATE FUNCTION pg_redshift.pgdate_part(part text, t timestamp) RETURNS float8 IMMUTABLE LANGUAGE sql
    RETURN pg_catalog.date_part(part, t) + CASE part WHEN 'decade' THEN 1 ELSE 0 END;
CREATE FUNCTION pg_redshift.pgdate_part(part text, d date) RETURNS float8 IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.pgdate_part(part, d::timestamp);
CREATE FUNCTION pg_redshift.pgdate_part(part text, t timestamptz) RETURNS float8 STABLE LANGUAGE sql
    RETURN pg_catalog.date_part(part, t) + CASE part WHEN 'decade' THEN 1 ELSE 0 END;
CREATE FUNCTION pg_redshift.pgdate_part(part text, t time) RETURNS float8 IMMUTABLE LANGUAGE sql
    RETURN pg_catalog.date_part(part, t);
CREATE FUNCTION pg_redshift.pgdate_part(part text, i interval) RETURNS float8 IMMUTABLE LANGUAGE sql
    RETURN pg_catalog.date_part(part, i);

-- EXTRACT: the field alone, an INTEGER (DOUBLE PRECISION for a TIMESTAMP WITH TIME ZONE).
CREATE FUNCTION pg_redshift.field(part text, value numeric) RETURNS integer IMMUTABLE LANGUAGE sql RETURN
    CASE part
        WHEN 'millisecond' THEN floor(value)::bigint % 1000
        WHEN 'microsecond' THEN floor(value)::bigint % 1000
        WHEN 'decade' THEN value::bigint + 1
        ELSE floor(value)::bigint
    END::integer;
CREATE FUNCTION pg_redshift.date_part(part text, t timestamp) RETURNS integer IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.field(part, pg_catalog.extract(part, t));
CREATE FUNCTION pg_redshift.date_part(part text, d date) RETURNS integer IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.date_part(part, d::timestamp);
CREATE FUNCTION pg_redshift.date_part(part text, t time) RETURNS integer IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.field(part, pg_catalog.extract(part, t));
CREATE FUNCTION pg_redshift.date_part(part text, i interval) RETURNS integer IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.field(part, pg_catalog.extract(part, i));
CREATE FUNCTION pg_redshift.date_part(part text, t timestamptz) RETURNS float8 STABLE LANGUAGE sql
    RETURN pg_redshift.pgdate_part(part, t);
CREATE FUNCTION pg_redshift.date_part_year(d date) RETURNS integer IMMUTABLE LANGUAGE sql RETURN extract(year FROM d)::integer;

CREATE FUNCTION pg_redshift.date_trunc(part text, d date) RETURNS timestamp IMMUTABLE LANGUAGE sql
    RETURN pg_catalog.date_trunc(part, d::timestamp);
CREATE FUNCTION pg_redshift.trunc(t timestamp) RETURNS date IMMUTABLE LANGUAGE sql RETURN t::date;
CREATE FUNCTION pg_redshift.last_day(t timestamp) RETURNS date IMMUTABLE LANGUAGE sql
    RETURN (pg_catalog.date_trunc('month', t) + interval '1 month' - interval '1 day')::date;
-- The last day of a month stays a last day.
CREATE FUNCTION pg_redshift.add_months(t timestamp, n bigint) RETURNS timestamp IMMUTABLE LANGUAGE sql RETURN
    CASE WHEN t::date = pg_redshift.last_day(t) THEN pg_redshift.last_day(t + n * interval '1 month') + t::time
    ELSE t + n * interval '1 month' END;
-- Whole months when both are the same day or both a month's last, else with a fraction of a month of 31 days.
CREATE FUNCTION pg_redshift.months_between(a timestamp, b timestamp) RETURNS float8 IMMUTABLE LANGUAGE sql RETURN
    (extract(year FROM a) - extract(year FROM b)) * 12 + extract(month FROM a) - extract(month FROM b)
    + CASE
        WHEN extract(day FROM a) = extract(day FROM b) THEN 0
        WHEN a::date = pg_redshift.last_day(a) AND b::date = pg_redshift.last_day(b) THEN 0
        ELSE (extract(day FROM a) - extract(day FROM b)
            + extract(epoch FROM a::time - b::time) / 86400) / 31.0
    END;
CREATE FUNCTION pg_redshift.next_day(t timestamp, day text) RETURNS date LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    wanted integer := array_position(ARRAY['su', 'mo', 'tu', 'we', 'th', 'fr', 'sa'], lower(left(day, 2))) - 1;
BEGIN
    IF wanted IS NULL OR NOT EXISTS (
        SELECT FROM unnest(ARRAY['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']) name
        WHERE starts_with(name, lower(day))) THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('invalid day of the week: "%s"', day);
    END IF;
    RETURN t::date + (6 + wanted - extract(dow FROM t)::integer) % 7 + 1;
END
$$;
CREATE FUNCTION pg_redshift.date_cmp(a date, b date) RETURNS integer IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN a < b THEN -1 WHEN a > b THEN 1 WHEN a = b THEN 0 END;
CREATE FUNCTION pg_redshift.interval_cmp(a interval, b interval) RETURNS integer IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN a < b THEN -1 WHEN a > b THEN 1 WHEN a = b THEN 0 END;
CREATE FUNCTION pg_redshift.convert_timezone(source text, target text, t timestamp) RETURNS timestamp IMMUTABLE LANGUAGE sql
    RETURN t AT TIME ZONE source AT TIME ZONE target;
CREATE FUNCTION pg_redshift.convert_timezone(target text, t timestamp) RETURNS timestamp IMMUTABLE LANGUAGE sql
    RETURN t AT TIME ZONE 'UTC' AT TIME ZONE target;
