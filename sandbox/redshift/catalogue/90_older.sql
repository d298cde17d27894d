-- PostgreSQL's catalogue as it was at 8.0, for clients that believe the server's version: columns dropped since, and the helper schema
-- out of sight. These come before pg_catalog's own in the search path, and the rewriter leads pg_catalog.pg_class here, too.

-- As at 8.0 each primary and unique key has an index's entries here, in pg_attribute and in pg_index; no index stands behind them.
CREATE VIEW pg_redshift.pg_class AS
SELECT
    c.tableoid, c.*, false AS relhasoids,
    CASE WHEN c.relkind <> 'r' THEN 0 ELSE CASE t.diststyle WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 9 END END::smallint
        AS reldiststyle
FROM pg_catalog.pg_class c
LEFT JOIN pg_redshift_store.tables t ON t.relid = c.oid
WHERE relnamespace NOT IN ('pg_redshift'::regnamespace, 'pg_redshift_store'::regnamespace)
UNION ALL
SELECT
    c.tableoid, k.oid, k.name, c.relnamespace, 0, 0, c.relowner, 403, 0, 0, 0, 0, 0, 0, 0, false, false, c.relpersistence, 'i',
    cardinality(k.columns)::smallint, 0::smallint, false, false, false, false, false, true, 'n', false, 0, '0', '0', NULL, NULL, NULL,
    false, 0::smallint
FROM pg_redshift_store.keys k
JOIN pg_catalog.pg_class c ON c.oid = k.relid
WHERE k.kind <> 'f';

CREATE VIEW pg_redshift.pg_attribute AS
SELECT 'pg_catalog.pg_attribute'::regclass::oid AS tableoid, * FROM pg_redshift_store.attributes
UNION ALL
SELECT
    a.tableoid, k.oid, a.attname, a.atttypid, a.attlen, u.ordinality::smallint, a.atttypmod, a.attndims, a.attbyval, a.attalign,
    a.attstorage, a.attcompression, false, false, false, '', '', false, true, 0::smallint, a.attcollation, NULL, NULL, NULL, NULL, NULL,
    false, 0, 0::smallint
FROM pg_redshift_store.keys k
CROSS JOIN unnest(k.columns) WITH ORDINALITY AS u (number, ordinality)
JOIN pg_catalog.pg_attribute a ON a.attrelid = k.relid AND a.attnum = u.number
WHERE k.kind <> 'f';

CREATE VIEW pg_redshift.pg_namespace AS SELECT tableoid, * FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\_redshift%';

CREATE VIEW pg_redshift.pg_attrdef AS
SELECT tableoid, *, pg_get_expr(adbin, adrelid) AS adsrc FROM pg_catalog.pg_attrdef;

CREATE VIEW pg_redshift.pg_proc AS
SELECT tableoid, *, prokind = 'a' AS proisagg, prokind = 'w' AS proiswindow FROM pg_catalog.pg_proc
WHERE pronamespace <> 'pg_redshift'::regnamespace;

CREATE VIEW pg_redshift.pg_proc_info AS SELECT oid AS prooid, * FROM pg_redshift.pg_proc;

-- Keys as declared, which PostgreSQL does not have; CHECK constraints there are none.
CREATE VIEW pg_redshift.pg_constraint AS
SELECT
    c.tableoid, k.oid, k.name AS conname, c.relnamespace AS connamespace, k.kind AS contype, false AS condeferrable,
    false AS condeferred, true AS convalidated, k.relid AS conrelid, 0::oid AS contypid,
    CASE k.kind WHEN 'f' THEN 0 ELSE k.oid END AS conindid,
    0::oid AS conparentid, coalesce(k.ref_relid, 0) AS confrelid, 'a'::"char" AS confupdtype, 'a'::"char" AS confdeltype,
    's'::"char" AS confmatchtype, k.columns AS conkey, k.ref_columns AS confkey, NULL::text AS consrc
FROM pg_redshift_store.keys k
JOIN pg_catalog.pg_class c ON c.oid = k.relid;

CREATE VIEW pg_redshift.pg_index AS
SELECT * FROM pg_catalog.pg_index
UNION ALL
SELECT
    k.oid, k.relid, cardinality(k.columns)::smallint, cardinality(k.columns)::smallint, true, false, k.kind = 'p', false, true, false,
    true, false, true, true, false, array_to_string(k.columns, ' ')::int2vector, zeros.text::oidvector, zeros.text::oidvector,
    zeros.text::int2vector, NULL, NULL
FROM pg_redshift_store.keys k
JOIN pg_catalog.pg_class c ON c.oid = k.relid
CROSS JOIN LATERAL (SELECT rtrim(repeat('0 ', cardinality(k.columns))) AS text) zeros
WHERE k.kind <> 'f';

GRANT SELECT ON
    pg_redshift.pg_attribute, pg_redshift.pg_index, pg_redshift.pg_proc_info, pg_redshift.pg_class, pg_redshift.pg_namespace, pg_redshift.pg_attrdef, pg_redshift.pg_proc, pg_redshift.pg_constraint
TO PUBLIC;
