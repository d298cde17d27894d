-- Who and where a session is.

CREATE FUNCTION pg_redshift.version() RETURNS text IMMUTABLE LANGUAGE sql RETURN
    'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.51304';

-- The helper schema is nobody's business.
CREATE FUNCTION pg_redshift.current_schemas(with_implicit boolean) RETURNS name[] STABLE LANGUAGE sql
    RETURN array_remove(pg_catalog.current_schemas(with_implicit), 'pg_redshift');

-- The session's last UNLOAD: rows written.
CREATE FUNCTION pg_redshift.pg_last_unload_count() RETURNS bigint STABLE LANGUAGE sql
    RETURN coalesce(nullif(current_setting('pg_redshift.last_unload_count', true), ''), '0')::bigint;

-- The session's last COPY, which the endpoint writes down: rows loaded, and its query id.
CREATE FUNCTION pg_redshift.pg_last_copy_count() RETURNS bigint STABLE LANGUAGE sql
    RETURN coalesce(nullif(current_setting('pg_redshift.last_copy_count', true), ''), '0')::bigint;
CREATE FUNCTION pg_redshift.pg_last_copy_id() RETURNS integer STABLE LANGUAGE sql
    RETURN coalesce(nullif(current_setting('pg_redshift.last_copy_id', true), ''), '-1')::integer;
