-- TO_DATE and TO_TIMESTAMP. Not strict, they carry over what is out of range: June 31 is July 1, 24:38 is 0:38 of the next day.

-- Field by field, of a format in which each has its place: others are refused.
CREATE FUNCTION pg_redshift.carried_over(s text, format text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    layout text := replace(upper(format), 'HH24', 'HH');
    field text[] := array(
        SELECT CASE WHEN strpos(layout, name) > 0 THEN substr(s, strpos(layout, name), length(name)) ELSE least END
        FROM unnest('{YYYY,MM,DD,HH,MI,SS}'::text[], '{1,1,1,0,0,0}'::text[]) parts(name, least));
BEGIN
    IF regexp_replace(layout, '(YYYY|MM|DD|HH|MI|SS)', '', 'g') !~ '^[-/.: ]*$' OR array_to_string(field, '') !~ '^\d+$' THEN
        PERFORM pg_redshift.fail('0A000', format('the sandbox does not support what the format %s leaves out of range', format));
    END IF;
    RETURN make_timestamp(field[1]::integer, 1, 1, 0, 0, 0) + make_interval(
        months => field[2]::integer - 1, days => field[3]::integer - 1, hours => field[4]::integer,
        mins => field[5]::integer, secs => field[6]::integer);
END
$$;
CREATE FUNCTION pg_redshift.to_date(s text, format text, is_strict boolean) RETURNS date LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN to_date(s, format);
EXCEPTION WHEN datetime_field_overflow THEN
    IF is_strict THEN RAISE; END IF;
    RETURN pg_redshift.carried_over(s, format)::date;
END
$$;
CREATE FUNCTION pg_redshift.to_timestamp(s text, format text, is_strict boolean) RETURNS timestamptz LANGUAGE plpgsql STABLE STRICT
AS $$
BEGIN
    RETURN to_timestamp(s, format);
EXCEPTION WHEN datetime_field_overflow THEN
    IF is_strict THEN RAISE; END IF;
    RETURN pg_redshift.carried_over(s, format)::timestamptz;
END
$$;
