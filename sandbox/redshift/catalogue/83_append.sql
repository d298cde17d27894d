-- ALTER TABLE target APPEND FROM source: the rows move and the move is committed. Here because cases demand it.

-- Each row is a column with what must be the same in both tables.
CREATE FUNCTION pg_redshift.column_attributes(relation regclass)
RETURNS TABLE (name name, attributes text, identity "char") LANGUAGE sql STABLE AS $$
    SELECT attname, concat_ws(' ', format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END, 'encode',
        replace(pg_redshift.format_encoding(attencodingtype), 'none', 'raw')), attidentity
    FROM pg_redshift_store.attributes
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
$$;

-- How a table is distributed and sorted, by the names of its columns.
CREATE FUNCTION pg_redshift.physical_order(relation regclass) RETURNS text LANGUAGE sql STABLE
RETURN (
    SELECT format('DISTSTYLE %s (%s) SORTKEY %s (%s)', coalesce(min(t.diststyle), 'AUTO'),
        string_agg(a.attname, '') FILTER (WHERE a.attnum = t.distkey), coalesce(min(t.sortstyle), 'AUTO'),
        string_agg(a.attname, ', ' ORDER BY array_position(t.sortkey, a.attnum)) FILTER (WHERE a.attnum = ANY (t.sortkey)))
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_redshift_store.tables t ON t.relid = a.attrelid
    WHERE a.attrelid = relation AND a.attnum > 0
);

CREATE PROCEDURE pg_redshift.append_table(target regclass, source regclass, option text) LANGUAGE plpgsql AS $$
DECLARE
    problem text;
    listed text;
BEGIN
    SELECT format('"%s" is not a permanent table', c.relname) INTO problem FROM pg_catalog.pg_class c
    WHERE c.oid IN (target, source) AND (c.relkind <> 'r' OR c.relpersistence = 't') LIMIT 1;
    IF target = source THEN
        problem := 'target and source are the same table';
    END IF;
    SELECT coalesce(problem, min(CASE
        WHEN t.name IS NULL AND option <> 'IGNOREEXTRA'
            THEN format('column "%s" is not in the target table: IGNOREEXTRA is needed', s.name)
        WHEN s.name IS NULL AND option <> 'FILLTARGET'
            THEN format('column "%s" is not in the source table: FILLTARGET is needed', t.name)
        WHEN s.identity = 'a' AND t.identity = 'a' THEN format('identity column "%s" cannot be appended', t.name)
        WHEN s.attributes <> t.attributes OR (s.identity <> t.identity)
            THEN format('column "%s" is %s in the source table, %s in the target table', t.name, s.attributes, t.attributes)
        END)), string_agg(quote_ident(t.name), ', ') FILTER (WHERE s.name = t.name)
    INTO problem, listed
    FROM pg_redshift.column_attributes(target) t
    FULL JOIN pg_redshift.column_attributes(source) s ON s.name = t.name;
    IF pg_redshift.physical_order(target) <> pg_redshift.physical_order(source) THEN
        problem := coalesce(problem, format('the target table has %s, the source table %s',
            pg_redshift.physical_order(target), pg_redshift.physical_order(source)));
    END IF;
    IF problem IS NOT NULL OR listed IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42809',
            MESSAGE = format('cannot append: %s', coalesce(problem, 'the tables have no column in common'));
    END IF;
    EXECUTE format('WITH moved AS (DELETE FROM %s RETURNING *) INSERT INTO %s (%s) SELECT %s FROM moved',
        source, target, listed, listed);
    COMMIT;
END
$$;
