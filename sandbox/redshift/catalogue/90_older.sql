-- PostgreSQL's catalogue as it was at 8.0, for clients that believe the server's version: columns dropped since, and the helper schema
-- out of sight. These come before pg_catalog's own in the search path, and the rewriter leads pg_catalog.pg_class here, too.

CREATE VIEW pg_redshift.pg_class AS
SELECT tableoid, *, false AS relhasoids FROM pg_catalog.pg_class WHERE relnamespace NOT IN ('pg_redshift'::regnamespace, 'pg_redshift_store'::regnamespace);

CREATE VIEW pg_redshift.pg_namespace AS SELECT tableoid, * FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\_redshift%';

CREATE VIEW pg_redshift.pg_attrdef AS
SELECT tableoid, *, pg_get_expr(adbin, adrelid) AS adsrc FROM pg_catalog.pg_attrdef;

CREATE VIEW pg_redshift.pg_proc AS
SELECT tableoid, *, prokind = 'a' AS proisagg, prokind = 'w' AS proiswindow FROM pg_catalog.pg_proc
WHERE pronamespace <> 'pg_redshift'::regnamespace;

-- Keys as declared, which PostgreSQL does not have; CHECK constraints there are none.
CREATE VIEW pg_redshift.pg_constraint AS
SELECT
    c.tableoid, 0::oid AS oid, k.name AS conname, c.relnamespace AS connamespace, k.kind AS contype, false AS condeferrable,
    false AS condeferred, true AS convalidated, k.relid AS conrelid, 0::oid AS contypid, 0::oid AS conindid,
    0::oid AS conparentid, coalesce(k.ref_relid, 0) AS confrelid, 'a'::"char" AS confupdtype, 'a'::"char" AS confdeltype,
    's'::"char" AS confmatchtype, k.columns AS conkey, k.ref_columns AS confkey, NULL::text AS consrc
FROM pg_redshift_store.keys k
JOIN pg_catalog.pg_class c ON c.oid = k.relid;

GRANT SELECT ON
    pg_redshift.pg_class, pg_redshift.pg_namespace, pg_redshift.pg_attrdef, pg_redshift.pg_proc, pg_redshift.pg_constraint
TO PUBLIC;

-- Of a late-binding view only its text is kept, so its columns cannot be listed.
CREATE OR REPLACE FUNCTION pg_redshift.pg_get_late_binding_view_cols() RETURNS SETOF record STABLE LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_redshift_store.late_views v JOIN pg_catalog.pg_class c ON c.oid = v.relid AND c.relnatts = 0) THEN
        PERFORM pg_redshift.fail('0A000', 'the sandbox does not support pg_get_late_binding_view_cols() where there are such views');
    END IF;
END
$$;
