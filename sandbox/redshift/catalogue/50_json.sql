-- JSON kept in text.

CREATE FUNCTION pg_redshift.json_extract_path_text(j text, VARIADIC path text[]) RETURNS text IMMUTABLE LANGUAGE sql
    RETURN pg_catalog.json_extract_path_text(j::json, VARIADIC path);
CREATE FUNCTION pg_redshift.json_extract_path_text(j text, null_if_invalid boolean, VARIADIC path text[]) RETURNS text
IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN null_if_invalid AND NOT j IS JSON THEN NULL
        ELSE pg_catalog.json_extract_path_text(j::json, VARIADIC path) END;
CREATE FUNCTION pg_redshift.json_extract_array_element_text(j text, place integer) RETURNS text IMMUTABLE LANGUAGE sql
    RETURN j::json ->> place;
CREATE FUNCTION pg_redshift.json_extract_array_element_text(j text, null_if_invalid boolean, place integer) RETURNS text
IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN null_if_invalid AND NOT j IS JSON ARRAY THEN NULL ELSE j::json ->> place END;
CREATE FUNCTION pg_redshift.json_array_length(j text, null_if_invalid boolean DEFAULT false) RETURNS integer IMMUTABLE LANGUAGE sql
    RETURN CASE WHEN null_if_invalid AND NOT j IS JSON ARRAY THEN NULL ELSE pg_catalog.json_array_length(j::json) END;
CREATE FUNCTION pg_redshift.is_valid_json(j text) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN j IS JSON OBJECT;
CREATE FUNCTION pg_redshift.is_valid_json_array(j text) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN j IS JSON ARRAY;
