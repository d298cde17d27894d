-- The helper schema. It stands before pg_catalog in the search path, so a function here takes the place of PostgreSQL's namesake.
-- A name with pg_ in front cannot be a user's schema.
CREATE SCHEMA pg_redshift;
GRANT USAGE ON SCHEMA pg_redshift TO PUBLIC;

-- What the views and functions there stand on. It is in no search path: a client's `DROP TABLE keys` must never find one of these.
CREATE SCHEMA pg_redshift_store;
GRANT USAGE ON SCHEMA pg_redshift_store TO PUBLIC;

-- As at PostgreSQL 8.0, everyone may create tables in public.
GRANT CREATE ON SCHEMA public TO PUBLIC;

-- An error of the sandbox as a real error of the client's session.
CREATE FUNCTION pg_redshift.fail(sqlstate text, message text, detail text DEFAULT NULL, hint text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- RAISE takes no NULL for an option, and '' shows as none
    RAISE EXCEPTION USING
        ERRCODE = sqlstate, MESSAGE = message, DETAIL = coalesce(detail, ''), HINT = coalesce(hint, '');
END
$$;
