-- VARCHAR(n) and CHAR(n) are n bytes on Redshift. PostgreSQL counts characters in two functions, which it calls wherever a value is to
-- fit such a type - in INSERT, UPDATE and MERGE, in CREATE TABLE AS, in a cast - and finds by its table of casts: these take their place.

-- The text's first bytes, as many as make whole characters.
CREATE FUNCTION pg_redshift.first_bytes(value text, bytes integer) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    encoded bytea := pg_catalog.convert_to(value, 'UTF8');
BEGIN
    WHILE bytes > 0 AND pg_catalog.length(encoded) > bytes AND pg_catalog.get_byte(encoded, bytes) BETWEEN 128 AND 191 LOOP
        bytes := bytes - 1;
    END LOOP;
    RETURN pg_catalog.convert_from(pg_catalog.substr(encoded, 1, bytes), 'UTF8');
END
$$;

-- An explicit cast cuts; elsewhere only blanks may be too many.
CREATE FUNCTION pg_redshift.fit(value text, bytes integer, type text, explicit boolean) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    kept text := pg_redshift.first_bytes(value, bytes);
BEGIN
    IF NOT explicit AND pg_catalog.octet_length(pg_catalog.rtrim(value, ' ')) > pg_catalog.octet_length(kept) THEN
        RAISE EXCEPTION USING ERRCODE = '22001', MESSAGE = pg_catalog.format('value too long for type %s(%s)', type, bytes);
    END IF;
    RETURN kept;
END
$$;

CREATE FUNCTION pg_redshift.pad(value text, bytes integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN value || pg_catalog.repeat(' ', bytes - pg_catalog.octet_length(value));

-- A type's modifier is its length and four. Both are planned as if they stood in the statement: what fits costs a comparison.
CREATE FUNCTION pg_redshift.fit_varchar(value varchar, modifier integer, explicit boolean) RETURNS varchar
LANGUAGE sql IMMUTABLE PARALLEL SAFE SUPPORT pg_catalog.varchar_support
RETURN CASE WHEN modifier < 4 OR pg_catalog.octet_length(value) <= modifier - 4 THEN value
    ELSE pg_redshift.fit(value, modifier - 4, 'character varying', explicit) END;

-- What is ASCII is as long in bytes, and PostgreSQL's own function does it.
CREATE FUNCTION pg_redshift.fit_char(value bpchar, modifier integer, explicit boolean) RETURNS bpchar
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN modifier < 4 OR pg_catalog.octet_length(value::text) = pg_catalog.length(value::text)
    THEN pg_catalog.bpchar(value, modifier, explicit)
    ELSE pg_redshift.pad(pg_redshift.fit(value::text, modifier - 4, 'character', explicit), modifier - 4)::bpchar END;

SET allow_system_table_mods = on;
UPDATE pg_cast SET castfunc = 'pg_redshift.fit_varchar(varchar, integer, boolean)'::regprocedure
WHERE castsource = 'varchar'::regtype AND casttarget = 'varchar'::regtype;
UPDATE pg_cast SET castfunc = 'pg_redshift.fit_char(bpchar, integer, boolean)'::regprocedure
WHERE castsource = 'bpchar'::regtype AND casttarget = 'bpchar'::regtype;
RESET allow_system_table_mods;
