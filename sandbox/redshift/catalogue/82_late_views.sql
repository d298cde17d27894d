-- Late-binding views: a view without columns stands in pg_class, as on Redshift; what is read for it is kept here.

CREATE TABLE pg_redshift_store.late_views (
    relid      oid PRIMARY KEY,
    definition json NOT NULL                   -- the statement that made it, its query, that for PostgreSQL, the names it gives the columns
);
GRANT SELECT ON pg_redshift_store.late_views TO PUBLIC;

CREATE FUNCTION pg_redshift.unbound() RETURNS boolean LANGUAGE sql
RETURN pg_redshift.fail('0A000', 'the sandbox does not support a late-binding view here') IS NULL;

CREATE FUNCTION pg_redshift.record_late_view(schema text, view text, definition json) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    path text := current_setting('search_path');
BEGIN
    PERFORM set_config('search_path', replace(path, '"$user"', quote_ident(session_user)), true);
    PERFORM quote_ident(named)::regnamespace FROM json_array_elements_text(definition->'schemas') named;
    INSERT INTO pg_redshift_store.late_views
    VALUES (format('%I.%I', coalesce(schema, current_schema()), view)::regclass, definition)
    ON CONFLICT (relid) DO UPDATE SET definition = excluded.definition;
    PERFORM set_config('search_path', path, true);
END
$$;

CREATE FUNCTION pg_redshift.pg_get_viewdef(view oid, pretty boolean DEFAULT false) RETURNS text STABLE LANGUAGE sql
RETURN coalesce(
    (SELECT v.definition->>'statement' FROM pg_redshift_store.late_views v
        JOIN pg_catalog.pg_class c ON c.oid = v.relid AND c.relnatts = 0 WHERE v.relid = view),
    pg_catalog.pg_get_viewdef(view, pretty));

CREATE VIEW pg_redshift.pg_views AS
SELECT v.schemaname, v.viewname, v.viewowner,
    pg_redshift.pg_get_viewdef(format('%I.%I', v.schemaname, v.viewname)::regclass) AS definition
FROM pg_catalog.pg_views v
WHERE v.schemaname NOT LIKE 'pg\_redshift%';
GRANT SELECT ON pg_redshift.pg_views TO PUBLIC;

CREATE VIEW pg_redshift_store.views AS
SELECT
    table_catalog, table_schema, table_name,
    pg_redshift.pg_get_viewdef(format('%I.%I', table_schema, table_name)::regclass)::information_schema.character_data AS view_definition,
    check_option, is_updatable, is_insertable_into
FROM information_schema.views
WHERE table_schema NOT LIKE 'pg\_redshift%';
GRANT SELECT ON pg_redshift_store.views TO PUBLIC;

-- Their columns as they are now, by a view that PostgreSQL makes of each and forgets; one whose tables are gone has none. Tools call it:
-- dbt, sqlalchemy-redshift and Amazon's driver.
CREATE FUNCTION pg_redshift.pg_get_late_binding_view_cols() RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    late record;
BEGIN
    FOR late IN
        SELECT n.nspname AS schema, c.relname AS name, v.definition
        FROM pg_redshift_store.late_views v
        JOIN pg_catalog.pg_class c ON c.oid = v.relid AND c.relnatts = 0
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LOOP
        IF late.definition->>'sql' IS NULL THEN
            PERFORM pg_redshift.fail('0A000', format(
                'the sandbox does not support pg_get_late_binding_view_cols() of the view %s.%s', late.schema, late.name),
                hint => 'Make the view again after its tables.');
        END IF;
        BEGIN
            EXECUTE format('CREATE TEMPORARY VIEW pg_redshift_late AS %s', late.definition->>'sql');
            RETURN QUERY
                SELECT late.schema, late.name, coalesce((late.definition->'columns'->>(a.attnum - 1))::name, a.attname),
                    format_type(a.atttypid, a.atttypmod)::varchar, a.attnum::integer
                FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = 'pg_temp.pg_redshift_late'::regclass AND a.attnum > 0
                ORDER BY a.attnum;
            DROP VIEW pg_temp.pg_redshift_late;
        EXCEPTION WHEN undefined_table OR undefined_column OR undefined_function OR invalid_schema_name OR insufficient_privilege THEN
            RAISE WARNING 'the columns of the late-binding view %.% are unknown: %', late.schema, late.name, SQLERRM;
        END;
    END LOOP;
END
$$;
