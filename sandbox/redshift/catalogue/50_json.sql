-- JSON kept in text. What takes null_if_invalid is plpgsql: PostgreSQL may evaluate a branch of CASE in advance, and fail there.

CREATE FUNCTION pg_redshift.json_extract_path_text(j text, VARIADIC path text[]) RETURNS text IMMUTABLE LANGUAGE sql
    RETURN pg_catalog.json_extract_path_text(j::json, VARIADIC path);
CREATE FUNCTION pg_redshift.json_extract_path_text(j text, null_if_invalid boolean, VARIADIC path text[]) RETURNS text
IMMUTABLE STRICT LANGUAGE plpgsql AS $$
BEGIN
    IF null_if_invalid AND NOT j IS JSON THEN
        RETURN NULL;
    END IF;
    RETURN pg_catalog.json_extract_path_text(j::json, VARIADIC path);
END
$$;

CREATE FUNCTION pg_redshift.json_extract_array_element_text(j text, place integer) RETURNS text IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN place >= 0 THEN j::json ->> place END;
CREATE FUNCTION pg_redshift.json_extract_array_element_text(j text, null_if_invalid boolean, place integer) RETURNS text
IMMUTABLE STRICT LANGUAGE plpgsql AS $$
BEGIN
    IF null_if_invalid AND NOT j IS JSON ARRAY THEN
        RETURN NULL;
    END IF;
    RETURN CASE WHEN place >= 0 THEN j::json ->> place END;
END
$$;

CREATE FUNCTION pg_redshift.json_array_length(j text, null_if_invalid boolean DEFAULT false) RETURNS integer
IMMUTABLE STRICT LANGUAGE plpgsql AS $$
BEGIN
    IF null_if_invalid AND NOT j IS JSON ARRAY THEN
        RETURN NULL;
    END IF;
    RETURN pg_catalog.json_array_length(j::json);
END
$$;

CREATE FUNCTION pg_redshift.is_valid_json(j text) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN j IS JSON OBJECT;
CREATE FUNCTION pg_redshift.is_valid_json_array(j text) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN j IS JSON ARRAY;
