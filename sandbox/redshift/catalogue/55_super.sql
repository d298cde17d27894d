-- SUPER, as far as the cases demand it: a JSON text without blanks, in a type of its own. PostgreSQL knows of it what stands here, and
-- refuses the rest: no literal becomes a SUPER, none is compared, ordered or cast but as below. A null inside is NULL once it is reached.

CREATE TYPE pg_redshift.super;
CREATE FUNCTION pg_redshift.super_in(cstring) RETURNS pg_redshift.super IMMUTABLE STRICT LANGUAGE internal AS 'any_in';
CREATE FUNCTION pg_redshift.super_out(pg_redshift.super) RETURNS cstring IMMUTABLE STRICT LANGUAGE internal AS 'textout';
CREATE TYPE pg_redshift.super (INPUT = pg_redshift.super_in, OUTPUT = pg_redshift.super_out, LIKE = text);
CREATE FUNCTION pg_redshift.super_json(s pg_redshift.super) RETURNS json IMMUTABLE STRICT LANGUAGE sql
    AS 'SELECT json_in(pg_redshift.super_out(s))';
CREATE CAST (pg_redshift.super AS json) WITH FUNCTION pg_redshift.super_json(pg_redshift.super);
CREATE CAST (json AS pg_redshift.super) WITHOUT FUNCTION;

-- Volatile, or it would fail when a statement is planned.
CREATE FUNCTION pg_redshift.no_super(what text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_redshift.fail('0A000', 'the sandbox does not support ' || what);
END
$$;

CREATE FUNCTION pg_redshift.super_compact(document json) RETURNS pg_redshift.super IMMUTABLE STRICT LANGUAGE sql
    RETURN regexp_replace(document::text, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g')::json::pg_redshift.super;
CREATE FUNCTION pg_redshift.can_json_parse(document text) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN document IS JSON;
-- How \u, \/ and exponents would be written again is nowhere told.
CREATE FUNCTION pg_redshift.json_parse(document text) RETURNS pg_redshift.super IMMUTABLE STRICT LANGUAGE sql
    RETURN CASE WHEN document ~ '\\[u/]' OR regexp_replace(document, '"(?:[^"\\]|\\.)*"', '', 'g') ~ '[0-9][eE]'
        THEN pg_redshift.no_super('JSON_PARSE of escapes \u and \/ and of exponents')::json::pg_redshift.super
        ELSE pg_redshift.super_compact(document::json) END;
CREATE FUNCTION pg_redshift.json_serialize(s pg_redshift.super) RETURNS text IMMUTABLE STRICT LANGUAGE sql RETURN s::json::text;

-- Navigation: what is not there is NULL.
CREATE FUNCTION pg_redshift.super_known(document json) RETURNS pg_redshift.super IMMUTABLE STRICT LANGUAGE sql
    RETURN CASE WHEN json_typeof(document) <> 'null' THEN document::pg_redshift.super END;
CREATE FUNCTION pg_redshift.super_get(s pg_redshift.super, key text) RETURNS pg_redshift.super IMMUTABLE STRICT LANGUAGE sql
    RETURN pg_redshift.super_known(s::json -> key);
CREATE FUNCTION pg_redshift.super_at(s pg_redshift.super, place integer) RETURNS pg_redshift.super IMMUTABLE STRICT LANGUAGE sql
    RETURN CASE WHEN place >= 0 THEN pg_redshift.super_known(s::json -> place) END;
CREATE FUNCTION pg_redshift.super_array(s pg_redshift.super, what text) RETURNS json IMMUTABLE STRICT LANGUAGE sql
    RETURN CASE WHEN json_typeof(s::json) = 'array' THEN s::json ELSE pg_redshift.no_super(what || ' of what is no array')::json END;
CREATE FUNCTION pg_redshift.super_elements(s pg_redshift.super) RETURNS SETOF pg_redshift.super IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT pg_redshift.super_known(e) FROM json_array_elements(pg_redshift.super_array(s, 'unnesting')) e $$;
CREATE FUNCTION pg_redshift.super_elements_at(s pg_redshift.super) RETURNS TABLE (element pg_redshift.super, place bigint)
IMMUTABLE STRICT LANGUAGE sql AS $$
    SELECT pg_redshift.super_known(e), n - 1
    FROM json_array_elements(pg_redshift.super_array(s, 'unnesting')) WITH ORDINALITY AS elements (e, n) $$;

-- Introspection.
CREATE FUNCTION pg_redshift.json_typeof(s pg_redshift.super) RETURNS text IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN s IS NULL THEN pg_redshift.no_super('JSON_TYPEOF of NULL') ELSE pg_catalog.json_typeof(s::json) END;
CREATE FUNCTION pg_redshift.is_array(s pg_redshift.super) RETURNS boolean IMMUTABLE LANGUAGE sql
    RETURN coalesce(pg_catalog.json_typeof(s::json) = 'array', false);
CREATE FUNCTION pg_redshift.is_object(s pg_redshift.super) RETURNS boolean IMMUTABLE LANGUAGE sql
    RETURN coalesce(pg_catalog.json_typeof(s::json) = 'object', false);
CREATE FUNCTION pg_redshift.is_scalar(s pg_redshift.super) RETURNS boolean IMMUTABLE LANGUAGE sql
    RETURN coalesce(pg_catalog.json_typeof(s::json) IN ('string', 'number', 'boolean'), false);
CREATE FUNCTION pg_redshift.is_varchar(s pg_redshift.super) RETURNS boolean IMMUTABLE LANGUAGE sql
    RETURN coalesce(pg_catalog.json_typeof(s::json) = 'string', false);

-- Arrays.
CREATE FUNCTION pg_redshift.get_array_length(s pg_redshift.super) RETURNS bigint IMMUTABLE STRICT LANGUAGE sql
    RETURN json_array_length(pg_redshift.super_array(s, 'GET_ARRAY_LENGTH'));
CREATE FUNCTION pg_redshift.super_of(elements text[]) RETURNS pg_redshift.super IMMUTABLE STRICT LANGUAGE sql
    RETURN format('[%s]', array_to_string(elements, ','))::json::pg_redshift.super;
CREATE FUNCTION pg_redshift.array_concat(a pg_redshift.super, b pg_redshift.super) RETURNS pg_redshift.super IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT pg_redshift.super_of(
        ARRAY(SELECT e::text FROM json_array_elements(pg_redshift.super_array(a, 'ARRAY_CONCAT')) e)
        || ARRAY(SELECT e::text FROM json_array_elements(pg_redshift.super_array(b, 'ARRAY_CONCAT')) e)) $$;
CREATE FUNCTION pg_redshift.subarray(s pg_redshift.super, start integer, length integer) RETURNS pg_redshift.super
IMMUTABLE STRICT LANGUAGE sql AS $$
    SELECT CASE WHEN start < 0 OR length < 0 THEN pg_redshift.no_super('SUBARRAY with negative numbers')::json::pg_redshift.super
        ELSE pg_redshift.super_of((ARRAY(SELECT e::text FROM json_array_elements(pg_redshift.super_array(s, 'SUBARRAY')) e))
            [start + 1:start + length]) END $$;
CREATE FUNCTION pg_redshift.split_to_array(s text, delimiter text DEFAULT ',') RETURNS pg_redshift.super IMMUTABLE STRICT LANGUAGE sql
    AS $$ SELECT CASE WHEN s = '' OR delimiter = '' THEN pg_redshift.no_super('SPLIT_TO_ARRAY of or by an empty string')::json::pg_redshift.super
        ELSE pg_redshift.super_of(ARRAY(SELECT to_json(part)::text FROM unnest(string_to_array(s, delimiter)) part)) END $$;

-- Casts: another type's value is NULL; where two readings are open, it is refused.
CREATE FUNCTION pg_redshift.super_text(s pg_redshift.super) RETURNS text IMMUTABLE STRICT LANGUAGE sql
    RETURN CASE pg_catalog.json_typeof(s::json)
        WHEN 'string' THEN s::json #>> '{}' WHEN 'number' THEN s::json #>> '{}'
        WHEN 'boolean' THEN pg_redshift.no_super('a SUPER that is a BOOLEAN as text') END;
CREATE FUNCTION pg_redshift.super_numeric(s pg_redshift.super) RETURNS numeric IMMUTABLE STRICT LANGUAGE sql
    RETURN CASE WHEN pg_catalog.json_typeof(s::json) = 'number' THEN (s::json #>> '{}')::numeric
        WHEN s::json #>> '{}' ~ '^\s*[-+]?[0-9.]' AND pg_catalog.json_typeof(s::json) = 'string'
            THEN pg_redshift.no_super('a SUPER that is a string as a number')::numeric END;
CREATE FUNCTION pg_redshift.super_whole(s pg_redshift.super, most numeric) RETURNS numeric IMMUTABLE STRICT LANGUAGE sql
    RETURN CASE WHEN pg_redshift.super_numeric(s) % 1 <> 0 OR abs(pg_redshift.super_numeric(s)) > most
        THEN pg_redshift.no_super('a SUPER as an integer it does not fit')::numeric ELSE pg_redshift.super_numeric(s) END;
CREATE FUNCTION pg_redshift.super_bool(s pg_redshift.super) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql
    RETURN CASE pg_catalog.json_typeof(s::json) WHEN 'boolean' THEN s::json::text = 'true'
        WHEN 'object' THEN NULL WHEN 'array' THEN NULL ELSE pg_redshift.no_super('a SUPER that is none as a BOOLEAN')::boolean END;
DO $$
DECLARE
    kind text;
    value text;
BEGIN
    FOR kind, value IN VALUES
        ('text', 'super_text(s)'), ('varchar', 'super_text(s)'), ('bpchar', 'super_text(s)'), ('boolean', 'super_bool(s)'),
        ('numeric', 'super_numeric(s)'), ('float4', 'super_numeric(s)'), ('float8', 'super_numeric(s)'),
        ('int2', 'super_whole(s, 32767)'), ('int4', 'super_whole(s, 2147483647)'), ('int8', 'super_whole(s, 9223372036854775807)')
    LOOP
        EXECUTE format('CREATE FUNCTION pg_redshift.super_to_%1$s(s pg_redshift.super) RETURNS %1$s IMMUTABLE STRICT LANGUAGE sql
            RETURN pg_redshift.%2$s::%1$s', kind, value);
        EXECUTE format('CREATE CAST (pg_redshift.super AS %1$s) WITH FUNCTION pg_redshift.super_to_%1$s(pg_redshift.super)', kind);
    END LOOP;
END
$$;

-- Equality with a scalar: false for another type.
CREATE FUNCTION pg_redshift.super_is(s pg_redshift.super, t text) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql
    RETURN pg_redshift.is_varchar(s) AND rtrim(s::json #>> '{}', ' ') = rtrim(t, ' ');
CREATE FUNCTION pg_redshift.super_is(s pg_redshift.super, n numeric) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql
    RETURN CASE WHEN pg_catalog.json_typeof(s::json) = 'number' THEN (s::json #>> '{}')::numeric = n ELSE false END;
CREATE OPERATOR pg_redshift.= (LEFTARG = pg_redshift.super, RIGHTARG = text, FUNCTION = pg_redshift.super_is);
CREATE OPERATOR pg_redshift.= (LEFTARG = pg_redshift.super, RIGHTARG = numeric, FUNCTION = pg_redshift.super_is);

-- PostgreSQL joins text to a value of any type.
CREATE FUNCTION pg_redshift.super_joined(s pg_redshift.super, t text) RETURNS text LANGUAGE sql AS $$ SELECT pg_redshift.no_super('|| of a SUPER') $$;
CREATE FUNCTION pg_redshift.super_joined(t text, s pg_redshift.super) RETURNS text LANGUAGE sql AS $$ SELECT pg_redshift.no_super('|| of a SUPER') $$;
CREATE OPERATOR pg_redshift.|| (LEFTARG = pg_redshift.super, RIGHTARG = text, FUNCTION = pg_redshift.super_joined);
CREATE OPERATOR pg_redshift.|| (LEFTARG = text, RIGHTARG = pg_redshift.super, FUNCTION = pg_redshift.super_joined);
