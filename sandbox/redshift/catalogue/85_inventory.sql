-- Redshift's views of what there is: databases, schemas, tables with their physical attributes, sessions.

CREATE VIEW pg_redshift.pg_table_def AS
SELECT
    schema_name::name AS schemaname, table_name::name AS tablename, column_name::name AS "column", data_type::text AS type,
    encoding::varchar(32) AS encoding, distkey, sortkey, is_nullable = 'NO' AS "notnull"
FROM pg_redshift.svv_redshift_columns
WHERE schema_name = ANY (current_schemas(false));

CREATE VIEW pg_redshift.svv_all_tables AS
SELECT
    table_catalog AS database_name, table_schema AS schema_name, table_name, NULL::varchar(128) AS table_acl,
    replace(table_type, 'BASE TABLE', 'TABLE')::varchar(128) AS table_type, remarks
FROM pg_redshift.svv_tables;

CREATE VIEW pg_redshift.svv_redshift_tables AS
SELECT database_name, schema_name, table_name, table_type, table_acl, remarks FROM pg_redshift.svv_all_tables;

CREATE VIEW pg_redshift.svv_redshift_schemas AS
SELECT
    current_database()::varchar(128) AS database_name, nspname::varchar(128) AS schema_name, nspowner::integer AS schema_owner,
    'local'::varchar(128) AS schema_type, nspacl::text::varchar(128) AS schema_acl, NULL::varchar(128) AS schema_option
FROM pg_catalog.pg_namespace
WHERE nspname NOT LIKE 'pg\_%';

CREATE VIEW pg_redshift.svv_all_schemas AS
SELECT
    database_name, schema_name, schema_owner, schema_type, schema_acl, NULL::varchar(128) AS source_database, schema_option
FROM pg_redshift.svv_redshift_schemas;

CREATE VIEW pg_redshift.svv_redshift_databases AS
SELECT
    datname::varchar(128) AS database_name, datdba::integer AS database_owner, 'local'::varchar(32) AS database_type,
    datacl::text::varchar(128) AS database_acl, NULL::varchar(128) AS database_options,
    'Snapshot Isolation'::varchar(128) AS database_isolation_level
FROM pg_catalog.pg_database
WHERE datname NOT IN ('postgres', 'airflow', 'template0', 'template1');

-- CREATE EXTERNAL is refused, so there is nothing in these, which tools ask for before all else.
CREATE VIEW pg_redshift.svv_external_schemas AS
SELECT
    NULL::oid AS esoid, NULL::smallint AS eskind, NULL::name AS schemaname, NULL::integer AS esowner, NULL::text AS databasename,
    NULL::text AS esoptions
WHERE false;

CREATE VIEW pg_redshift.svv_external_tables AS
SELECT
    NULL::text AS redshift_database_name, NULL::text AS schemaname, NULL::text AS tablename, NULL::text AS tabletype,
    NULL::text AS location, NULL::text AS input_format, NULL::text AS output_format, NULL::text AS serialization_lib,
    NULL::text AS serde_parameters, NULL::integer AS compressed, NULL::text AS parameters
WHERE false;

CREATE VIEW pg_redshift.svv_external_columns AS
SELECT
    NULL::text AS redshift_database_name, NULL::text AS schemaname, NULL::text AS tablename, NULL::text AS columnname,
    NULL::text AS external_type, NULL::integer AS columnnum, NULL::integer AS part_key, NULL::text AS is_nullable
WHERE false;

CREATE FUNCTION pg_redshift.count_rows(relation oid) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', relation::regclass) INTO found;
    RETURN found;
END
$$;

-- Tables without rows are absent. How well blocks are filled, sorted and spread has no meaning here: NULL, as where Redshift has not
-- measured it.
CREATE VIEW pg_redshift.svv_table_info AS
SELECT
    current_database()::text AS database, n.nspname::text AS schema, c.oid AS table_id, c.relname::text AS "table",
    CASE WHEN t.encode IS NULL OR t.encode = '{}' THEN 'Y, AUTO(ENCODE)'
        WHEN EXISTS (SELECT FROM jsonb_each_text(t.encode) e WHERE e.value <> 'raw') THEN 'Y' ELSE 'N' END AS encoded,
    CASE WHEN t.diststyle = 'KEY' OR t.distkey IS NOT NULL THEN
            format('KEY(%s)', (SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attnum = t.distkey))
        ELSE coalesce(nullif(t.diststyle, 'AUTO'), 'AUTO(ALL)') END AS diststyle,
    coalesce(
        (SELECT attname::text FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attnum = t.sortkey[1]),
        CASE WHEN t.sortstyle IS NULL THEN 'AUTO(SORTKEY)' END
    ) AS sortkey1,
    (SELECT max(atttypmod - 4) FROM pg_catalog.pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND atttypid = 'varchar'::regtype) AS max_varchar,
    (t.encode ->> t.sortkey[1]::text)::char(32) AS sortkey1_enc,
    coalesce(cardinality(t.sortkey), 0) AS sortkey_num, ceil(pg_total_relation_size(c.oid) / 1048576.0)::bigint AS size,
    NULL::numeric(10, 4) AS pct_used, 0::bigint AS empty, NULL::numeric(5, 2) AS unsorted, NULL::numeric(5, 2) AS stats_off,
    r.rows::numeric(38, 0) AS tbl_rows, NULL::numeric(19, 2) AS skew_sortkey1, NULL::numeric(19, 2) AS skew_rows,
    r.rows::numeric(38, 0) AS estimated_visible_rows, NULL::text AS risk_event, NULL::numeric(12, 2) AS vacuum_sort_benefit,
    NULL::timestamp AS create_time
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_redshift_store.tables t ON t.relid = c.oid
CROSS JOIN LATERAL (SELECT pg_redshift.count_rows(c.oid) AS rows) r
WHERE
    c.relkind = 'r' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND r.rows > 0
    AND (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user);

CREATE VIEW pg_redshift.stv_sessions AS
SELECT
    backend_start::timestamp AS starttime, pid AS process, usename::char(50) AS user_name, datname::char(50) AS db_name,
    0 AS timeout_sec
FROM pg_catalog.pg_stat_activity
WHERE
    backend_type = 'client backend' AND datname <> 'airflow' AND usename <> 'rdsdb'
    AND (usename = current_user OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user));

GRANT SELECT ON
    pg_redshift.pg_table_def, pg_redshift.svv_all_tables, pg_redshift.svv_redshift_tables, pg_redshift.svv_redshift_schemas,
    pg_redshift.svv_external_schemas, pg_redshift.svv_external_tables, pg_redshift.svv_external_columns,
    pg_redshift.svv_all_schemas, pg_redshift.svv_redshift_databases, pg_redshift.svv_table_info, pg_redshift.stv_sessions
TO PUBLIC;
