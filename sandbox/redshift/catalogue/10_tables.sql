-- What Redshift knows of a table and PostgreSQL does not. Columns are kept by number, so that renaming changes nothing here;
-- rows of dropped tables stay and find no pg_class row any more.

-- Each row is a table: how it is distributed and sorted, how its columns are encoded.
CREATE TABLE pg_redshift_store.tables (
    relid     oid PRIMARY KEY,
    diststyle text,                            -- AUTO, EVEN, ALL, KEY; NULL: not given (AUTO)
    distkey   smallint,
    sortstyle text,                            -- COMPOUND, INTERLEAVED, NONE; NULL: no sort key given (AUTO)
    sortkey   smallint[] NOT NULL DEFAULT '{}',
    encode    jsonb NOT NULL DEFAULT '{}'      -- column number: encoding as declared
);

-- Each row is a declared key, never enforced. Their oids are far from those PostgreSQL gives out.
CREATE SEQUENCE pg_redshift_store.key_oid AS bigint START 4000000000;
CREATE TABLE pg_redshift_store.keys (
    relid       oid NOT NULL,
    name        name NOT NULL,
    kind        "char" NOT NULL,               -- p primary key, u unique, f foreign key
    columns     smallint[] NOT NULL,
    ref_relid   oid,
    ref_columns smallint[],
    oid         oid NOT NULL DEFAULT nextval('pg_redshift_store.key_oid')::oid,
    UNIQUE (relid, name)
);
GRANT SELECT ON pg_redshift_store.tables, pg_redshift_store.keys TO PUBLIC;

CREATE FUNCTION pg_redshift.column_numbers(table_id oid, names jsonb) RETURNS smallint[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found smallint[];
    missing text;
BEGIN
    SELECT coalesce(array_agg(a.attnum ORDER BY n.ordinality), '{}'), min(n.value) FILTER (WHERE a.attnum IS NULL)
    INTO found, missing
    FROM jsonb_array_elements_text(coalesce(names, '[]')) WITH ORDINALITY AS n
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = table_id AND a.attname = n.value AND a.attnum > 0 AND NOT a.attisdropped;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42703', MESSAGE = format('column "%s" named in key does not exist', missing);
    END IF;
    RETURN found;
END
$$;

CREATE FUNCTION pg_redshift.column_names(table_id oid, numbers smallint[]) RETURNS text STABLE LANGUAGE sql RETURN (
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY array_position(numbers, a.attnum))
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = table_id AND a.attnum = ANY (numbers));

-- Writes down one declared key. A primary key wants columns that are NOT NULL; the table has one at most.
CREATE FUNCTION pg_redshift.record_key(table_id oid, key jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    numbers smallint[] := pg_redshift.column_numbers(table_id, key->'columns');
    target oid;
    targets smallint[];
    nullable text;
BEGIN
    IF key->>'kind' = 'p' THEN
        IF EXISTS (SELECT FROM pg_redshift_store.keys k WHERE k.relid = table_id AND k.kind = 'p') THEN
            RAISE EXCEPTION USING ERRCODE = '42P16',
                MESSAGE = format('multiple primary keys for table "%s" are not allowed', table_id::regclass);
        END IF;
        SELECT attname INTO nullable FROM pg_catalog.pg_attribute
        WHERE attrelid = table_id AND attnum = ANY (numbers) AND NOT attnotnull ORDER BY attnum LIMIT 1;
        IF nullable IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = '42P16',
                MESSAGE = format('column "%s" must be NOT NULL to be part of a primary key', nullable);
        END IF;
    ELSIF key->>'kind' = 'f' THEN
        target := (key->>'references')::regclass;
        targets := pg_redshift.column_numbers(target, key->'ref_columns');
        IF targets = '{}' THEN
            SELECT k.columns INTO targets FROM pg_redshift_store.keys k WHERE k.relid = target AND k.kind = 'p';
        END IF;
    END IF;
    INSERT INTO pg_redshift_store.keys VALUES (table_id, key->>'name', (key->>'kind')::"char", numbers, target, targets)
    ON CONFLICT ON CONSTRAINT keys_relid_name_key DO UPDATE SET name = format('%s_%s', excluded.name, cardinality(numbers));
END
$$;

-- Writes down a table just made, or what ALTER TABLE adds to it. A second time (IF NOT EXISTS) only keys and encodings of an
-- ALTER count: CREATE gives `created`.
CREATE FUNCTION pg_redshift.record_table(schema text, relation text, temporary boolean, created boolean, given jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    path text := current_setting('search_path');
    table_id oid;
    parent oid;
    encoded jsonb;
BEGIN
    -- "$user" is the caller's here, not the owner's whom this runs as
    PERFORM set_config('search_path', replace(path, '"$user"', quote_ident(session_user)), true);
    SELECT c.oid INTO STRICT table_id FROM pg_catalog.pg_class c
    WHERE c.relname = relation AND c.relnamespace = CASE
        WHEN schema IS NOT NULL THEN schema::regnamespace
        WHEN temporary THEN pg_my_temp_schema()
        WHEN created THEN current_schema()::regnamespace
        ELSE (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = quote_ident(relation)::regclass) END;
    IF created AND NOT temporary AND schema IS NULL AND current_schema() = 'pg_redshift' THEN
        RAISE EXCEPTION USING ERRCODE = '3F000', MESSAGE = 'no schema has been selected to create in';
    END IF;
    IF created AND EXISTS (SELECT FROM pg_redshift_store.tables t WHERE t.relid = table_id) THEN
        PERFORM set_config('search_path', path, true);
        RETURN;
    END IF;
    INSERT INTO pg_redshift_store.tables (relid) VALUES (table_id) ON CONFLICT DO NOTHING;
    IF given ? 'like' THEN
        parent := (given->>'like')::regclass;
        UPDATE pg_redshift_store.tables t
        SET (diststyle, distkey, sortstyle, sortkey, encode) = (
            SELECT p.diststyle, p.distkey, p.sortstyle, p.sortkey, p.encode FROM pg_redshift_store.tables p WHERE p.relid = parent)
        WHERE t.relid = table_id AND EXISTS (SELECT FROM pg_redshift_store.tables p WHERE p.relid = parent);
    END IF;
    SELECT jsonb_object_agg((pg_redshift.column_numbers(table_id, jsonb_build_array(e.key)))[1], e.value)
    INTO encoded FROM jsonb_each(given->'encode') e;
    UPDATE pg_redshift_store.tables t SET
        diststyle = coalesce(given->>'diststyle', t.diststyle),
        distkey = CASE WHEN given ? 'diststyle'
            THEN (pg_redshift.column_numbers(table_id, jsonb_build_array(given->'distkey')))[1] ELSE t.distkey END,
        sortstyle = nullif(coalesce(given->>'sortstyle', t.sortstyle), 'AUTO'),
        sortkey = CASE WHEN given ? 'sortstyle' THEN pg_redshift.column_numbers(table_id, given->'sortkey') ELSE t.sortkey END,
        encode = t.encode || coalesce(encoded, '{}')
    WHERE t.relid = table_id;
    PERFORM pg_redshift.record_key(table_id, key.value) FROM jsonb_array_elements(coalesce(given->'keys', '[]')) key;
    PERFORM set_config('search_path', path, true);
END
$$;

-- By number, as pg_attribute has them.
CREATE FUNCTION pg_redshift.encodings() RETURNS text[] IMMUTABLE LANGUAGE sql RETURN ARRAY[
    'none', 'az64', 'bytedict', 'delta', 'delta32k', 'lzo', 'mostly8', 'mostly16', 'mostly32', 'runlength', 'text255', 'text32k',
    'zstd'];
CREATE FUNCTION pg_redshift.format_encoding(number integer) RETURNS character varying IMMUTABLE LANGUAGE sql
    RETURN (pg_redshift.encodings())[number + 1];
