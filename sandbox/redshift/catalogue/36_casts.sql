-- Casts that Redshift has not: a BOOLEAN is no text, and text that is no literal no BOOLEAN (dbt-core#1669, dbt_stripe#79).

CREATE FUNCTION pg_redshift.no_text(boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION 'cannot cast type boolean to character varying' USING ERRCODE = '42846';
END
$$;
CREATE FUNCTION pg_redshift.no_boolean(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION 'cannot cast type character varying to boolean' USING ERRCODE = '42846';
END
$$;
CREATE CAST (varchar AS boolean) WITH FUNCTION pg_redshift.no_boolean(text);
CREATE CAST (text AS boolean) WITH FUNCTION pg_redshift.no_boolean(text);

-- The others are PostgreSQL's own and cannot be dropped: there, every type has a cast to text.
SET allow_system_table_mods = on;
UPDATE pg_cast SET castfunc = 'pg_redshift.no_text(boolean)'::regprocedure
WHERE castsource = 'boolean'::regtype AND casttarget IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype);
RESET allow_system_table_mods;
