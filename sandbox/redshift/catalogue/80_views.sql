-- Redshift's views of tables and columns, filled from PostgreSQL's catalogue; and the declared keys in information_schema's shape.

-- Of an interleaved sort key every other column is negative. An encoding that is not declared is chosen as Redshift chooses before it
-- has seen rows.
CREATE VIEW pg_redshift_store.attributes AS
SELECT
    a.*, coalesce(t.distkey = a.attnum, false) AS attisdistkey,
    (coalesce(s.place, 0) * CASE WHEN t.sortstyle = 'INTERLEAVED' AND s.place % 2 = 0 THEN -1 ELSE 1 END)::integer AS attsortkeyord,
    (array_position(pg_redshift.encodings(), CASE
        WHEN t.encode ->> a.attnum::text NOT IN ('auto', 'raw') THEN t.encode ->> a.attnum::text
        WHEN t.relid IS NULL OR t.encode ->> a.attnum::text = 'raw' OR a.attnum = ANY (t.sortkey)
            OR a.atttypid IN ('boolean'::regtype, 'real'::regtype, 'double precision'::regtype) OR c.relpersistence = 't' THEN 'none'
        WHEN a.atttypid IN ('bpchar'::regtype, 'varchar'::regtype) THEN 'lzo'
        WHEN a.atttypid = 'pg_redshift.super'::regtype THEN 'zstd'
        ELSE 'az64' END) - 1)::smallint AS attencodingtype
FROM pg_catalog.pg_attribute a
LEFT JOIN pg_redshift_store.tables t ON t.relid = a.attrelid
LEFT JOIN pg_catalog.pg_class c ON c.oid = t.relid
CROSS JOIN LATERAL (SELECT array_position(t.sortkey, a.attnum) AS place) s;

CREATE VIEW pg_redshift.svv_tables AS
SELECT
    table_catalog::varchar(128), table_schema::varchar(128), table_name::varchar(128), table_type::varchar(128),
    obj_description(format('%I.%I', table_schema, table_name)::regclass)::varchar(256) AS remarks
FROM information_schema.tables
WHERE table_schema NOT LIKE 'pg\_redshift%';

CREATE VIEW pg_redshift.svv_columns AS
SELECT
    c.table_catalog::varchar(128), c.table_schema::varchar(128), c.table_name::varchar(128), c.column_name::varchar(128),
    c.ordinal_position::integer,
    CASE
        WHEN c.is_identity = 'NO' THEN c.column_default
        ELSE format('%s(%s, %s)', CASE c.identity_generation WHEN 'ALWAYS' THEN '"identity"' ELSE 'default_identity' END,
            c.identity_start, c.identity_increment)
    END::varchar(4000) AS column_default,
    c.is_nullable::varchar(3),
    CASE c.udt_name WHEN 'super' THEN 'super' ELSE c.data_type END::varchar(128) AS data_type,
    c.character_maximum_length::integer, c.numeric_precision::integer, c.numeric_precision_radix::integer, c.numeric_scale::integer, c.datetime_precision::integer,
    c.interval_type::varchar(128), c.interval_precision::varchar(128), c.character_set_catalog::varchar(128),
    c.character_set_schema::varchar(128), c.character_set_name::varchar(128), c.collation_catalog::varchar(128),
    c.collation_schema::varchar(128), c.collation_name::varchar(128), c.domain_name::varchar(128),
    col_description(format('%I.%I', c.table_schema, c.table_name)::regclass, c.ordinal_position)::varchar(256) AS remarks
FROM information_schema.columns c
WHERE c.table_schema NOT LIKE 'pg\_redshift%';

CREATE VIEW pg_redshift.svv_all_columns AS
SELECT
    table_catalog AS database_name, table_schema AS schema_name, table_name, column_name, ordinal_position, column_default,
    is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale, remarks
FROM pg_redshift.svv_columns;

CREATE VIEW pg_redshift.svv_redshift_columns AS
SELECT
    c.table_catalog AS database_name, c.table_schema AS schema_name, c.table_name, c.column_name, c.ordinal_position,
    CASE
        WHEN c.character_maximum_length IS NOT NULL THEN format('%s(%s)', c.data_type, c.character_maximum_length)
        WHEN c.data_type = 'text' THEN 'character varying'
        WHEN c.numeric_scale IS NOT NULL AND c.data_type = 'numeric' THEN format('numeric(%s,%s)', c.numeric_precision, c.numeric_scale)
        ELSE c.data_type
    END::varchar(128) AS data_type,
    c.column_default, c.is_nullable,
    pg_redshift.format_encoding(a.attencodingtype)::varchar(128) AS encoding, a.attisdistkey AS distkey, a.attsortkeyord AS sortkey,
    NULL::varchar(128) AS column_acl, c.remarks
FROM pg_redshift.svv_columns c
JOIN pg_redshift_store.attributes a
    ON a.attrelid = format('%I.%I', c.table_schema, c.table_name)::regclass AND a.attnum = c.ordinal_position;

-- Each row is a declared key with the names of its table; the base of the next four.
CREATE VIEW pg_redshift_store.named_keys AS
SELECT
    current_database()::information_schema.sql_identifier AS catalog, n.nspname::information_schema.sql_identifier AS schema,
    c.relname::information_schema.sql_identifier AS relation, k.name::information_schema.sql_identifier AS name,
    k.kind, k.relid, k.columns, k.ref_relid, k.ref_columns
FROM pg_redshift_store.keys k
JOIN pg_catalog.pg_class c ON c.oid = k.relid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace;

-- A declared key as it would be written; for all of them, as for none of PostgreSQL's own.
CREATE FUNCTION pg_redshift.pg_get_constraintdef(key oid, pretty boolean) RETURNS text STABLE LANGUAGE sql RETURN (
    SELECT
        CASE k.kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' ELSE 'FOREIGN KEY' END
        || format(' (%s)', pg_redshift.column_names(k.relid, k.columns))
        || CASE k.kind WHEN 'f' THEN format(' REFERENCES %s(%s)', k.ref_relid::regclass, pg_redshift.column_names(k.ref_relid, k.ref_columns))
           ELSE '' END
    FROM pg_redshift_store.keys k
    WHERE k.oid = key);
CREATE FUNCTION pg_redshift.pg_get_constraintdef(key oid) RETURNS text STABLE LANGUAGE sql
    RETURN pg_redshift.pg_get_constraintdef(key, false);

CREATE VIEW pg_redshift_store.table_constraints AS
SELECT
    catalog AS constraint_catalog, schema AS constraint_schema, name AS constraint_name, catalog AS table_catalog,
    schema AS table_schema, relation AS table_name,
    CASE kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' ELSE 'FOREIGN KEY' END::information_schema.character_data
        AS constraint_type,
    'NO'::information_schema.yes_or_no AS is_deferrable, 'NO'::information_schema.yes_or_no AS initially_deferred
FROM pg_redshift_store.named_keys;

CREATE VIEW pg_redshift_store.key_column_usage AS
SELECT
    k.catalog AS constraint_catalog, k.schema AS constraint_schema, k.name AS constraint_name, k.catalog AS table_catalog,
    k.schema AS table_schema, k.relation AS table_name, a.attname::information_schema.sql_identifier AS column_name,
    u.ordinality::information_schema.cardinal_number AS ordinal_position
FROM pg_redshift_store.named_keys k
CROSS JOIN unnest(k.columns) WITH ORDINALITY AS u (number, ordinality)
JOIN pg_catalog.pg_attribute a ON a.attrelid = k.relid AND a.attnum = u.number AND NOT a.attisdropped;

CREATE VIEW pg_redshift_store.constraint_column_usage AS
SELECT
    k.catalog AS table_catalog, n.nspname::information_schema.sql_identifier AS table_schema,
    c.relname::information_schema.sql_identifier AS table_name, a.attname::information_schema.sql_identifier AS column_name,
    k.catalog AS constraint_catalog, k.schema AS constraint_schema, k.name AS constraint_name
FROM pg_redshift_store.named_keys k
JOIN pg_catalog.pg_class c ON c.oid = coalesce(k.ref_relid, k.relid)
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (CASE k.kind WHEN 'f' THEN k.ref_columns ELSE k.columns END);

CREATE VIEW pg_redshift_store.referential_constraints AS
SELECT
    k.catalog AS constraint_catalog, k.schema AS constraint_schema, k.name AS constraint_name,
    u.catalog AS unique_constraint_catalog, u.schema AS unique_constraint_schema, u.name AS unique_constraint_name,
    'NONE'::information_schema.character_data AS match_option, 'NO ACTION'::information_schema.character_data AS update_rule,
    'NO ACTION'::information_schema.character_data AS delete_rule
FROM pg_redshift_store.named_keys k
LEFT JOIN pg_redshift_store.named_keys u ON u.relid = k.ref_relid AND u.kind IN ('p', 'u') AND u.columns = k.ref_columns
WHERE k.kind = 'f';

GRANT SELECT ON
    pg_redshift.svv_tables, pg_redshift.svv_columns, pg_redshift.svv_all_columns, pg_redshift.svv_redshift_columns,
    pg_redshift_store.named_keys, pg_redshift_store.table_constraints, pg_redshift_store.key_column_usage, pg_redshift_store.constraint_column_usage,
    pg_redshift_store.referential_constraints
TO PUBLIC;
