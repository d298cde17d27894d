-- Text functions under Redshift's names or with Redshift's answers.

-- NULL with NULL is NULL; PostgreSQL's concat reads over it.
CREATE FUNCTION pg_redshift.concat(a text, b text) RETURNS text IMMUTABLE LANGUAGE sql RETURN a || b;

CREATE FUNCTION pg_redshift.len(s text) RETURNS integer IMMUTABLE LANGUAGE sql RETURN length(s);
CREATE FUNCTION pg_redshift.textlen(s text) RETURNS integer IMMUTABLE LANGUAGE sql RETURN length(s);
CREATE FUNCTION pg_redshift.charindex(part text, s text) RETURNS integer IMMUTABLE LANGUAGE sql RETURN strpos(s, part);
CREATE FUNCTION pg_redshift.replicate(s text, n integer) RETURNS text IMMUTABLE LANGUAGE sql RETURN repeat(s, n);
CREATE FUNCTION pg_redshift.reverse(n numeric) RETURNS text IMMUTABLE LANGUAGE sql RETURN pg_catalog.reverse(n::text);
-- What is no string is taken for one.
CREATE FUNCTION pg_redshift.substring(x anyelement, start integer) RETURNS text STABLE LANGUAGE sql
    AS 'SELECT pg_catalog.substring(x::text, start)';
CREATE FUNCTION pg_redshift.substring(x anyelement, start integer, length integer) RETURNS text STABLE LANGUAGE sql
    AS 'SELECT pg_catalog.substring(x::text, start, length)';
-- PostgreSQL counts from the end for a negative part; Redshift has none below 1, as PostgreSQL has no part 0.
CREATE FUNCTION pg_redshift.split_part(s text, delimiter text, part integer) RETURNS text IMMUTABLE LANGUAGE sql
    RETURN pg_catalog.split_part(s, delimiter, greatest(part, 0));
CREATE FUNCTION pg_redshift.sha2(s text, bits integer) RETURNS text IMMUTABLE LANGUAGE sql RETURN
    CASE WHEN s IS NOT NULL THEN CASE bits
        WHEN 0 THEN encode(sha256(convert_to(s, 'UTF8')), 'hex')
        WHEN 224 THEN encode(sha224(convert_to(s, 'UTF8')), 'hex')
        WHEN 256 THEN encode(sha256(convert_to(s, 'UTF8')), 'hex')
        WHEN 384 THEN encode(sha384(convert_to(s, 'UTF8')), 'hex')
        WHEN 512 THEN encode(sha512(convert_to(s, 'UTF8')), 'hex')
        ELSE '' END END;

-- FNV-1a, 64 bits, over the bytes of the value as it is stored, low byte first; the seed is the state to begin with.
CREATE FUNCTION pg_redshift.fnv(bytes bytea, seed bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    state bigint := seed;
    product numeric;
BEGIN
    FOR i IN 0 .. length(bytes) - 1 LOOP
        product := mod((state # get_byte(bytes, i)::bigint)::numeric * 1099511628211, 18446744073709551616);
        state := CASE
            WHEN product >= 9223372036854775808 THEN product - 18446744073709551616
            WHEN product < -9223372036854775808 THEN product + 18446744073709551616
            ELSE product END;
    END LOOP;
    RETURN state;
END
$$;
CREATE FUNCTION pg_redshift.fnv_hash(s text, seed bigint DEFAULT -3750763034362895579) RETURNS bigint IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.fnv(convert_to(s, 'UTF8'), seed);
CREATE FUNCTION pg_redshift.fnv_hash(n smallint, seed bigint DEFAULT -3750763034362895579) RETURNS bigint IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.fnv(reverse(int2send(n)), seed);
CREATE FUNCTION pg_redshift.fnv_hash(n integer, seed bigint DEFAULT -3750763034362895579) RETURNS bigint IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.fnv(reverse(int4send(n)), seed);
CREATE FUNCTION pg_redshift.fnv_hash(n bigint, seed bigint DEFAULT -3750763034362895579) RETURNS bigint IMMUTABLE LANGUAGE sql
    RETURN pg_redshift.fnv(reverse(int8send(n)), seed);

-- No match is an empty string; PostgreSQL answers NULL.
CREATE FUNCTION pg_redshift.regexp_substr(s text, pattern text, start integer DEFAULT 1, n integer DEFAULT 1, flags text DEFAULT '')
RETURNS text IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN s IS NOT NULL AND pattern IS NOT NULL
        THEN coalesce(pg_catalog.regexp_substr(s, pattern, start, n, flags), '') END;
-- Every match is replaced, by nothing if nothing is given.
CREATE FUNCTION pg_redshift.regexp_replace(s text, pattern text, new text DEFAULT '') RETURNS text IMMUTABLE LANGUAGE sql
    RETURN pg_catalog.regexp_replace(s, pattern, new, 'g');
CREATE FUNCTION pg_redshift.regexp_replace(s text, pattern text, new text, start integer, flags text DEFAULT '') RETURNS text
IMMUTABLE LANGUAGE sql
    RETURN pg_catalog.regexp_replace(s, pattern, new, start, 0, flags);
