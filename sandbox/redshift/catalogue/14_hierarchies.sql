-- CONNECT BY: the rows from the root to this one; a row that is its own ancestor would never end.
CREATE FUNCTION pg_redshift.hierarchy_path(path text[], item record) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF item::text = ANY (path) THEN
        PERFORM pg_redshift.fail('0A000', 'the sandbox does not support CONNECT BY over rows that go round in a circle');
    END IF;
    RETURN path || item::text;
END
$$;
