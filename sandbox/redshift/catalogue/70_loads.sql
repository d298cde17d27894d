-- What COPY leaves behind, under Redshift's names. The endpoint writes these tables on a connection of its own, so that rows stay
-- when the client's transaction is rolled back.

CREATE SEQUENCE pg_redshift_store.query_id AS integer;

-- Each row is a value, or a line, that a COPY could not load.
CREATE TABLE pg_redshift_store.load_errors (
    query bigint, userid integer, slice integer, tbl integer, starttime timestamp, session integer, database text,
    filename text, line_number bigint, colname text, type text, col_length text, position integer, raw_line text,
    raw_field_value text, err_code integer, err_reason text
);
-- Each row is a file that a COPY read to its end.
CREATE TABLE pg_redshift_store.load_commits (
    query bigint, userid integer, slice integer, filename text, byte_offset bigint, lines_scanned bigint, errors integer,
    curtime timestamp, status integer, file_format text
);

-- CHAR columns are blank-padded, as users of trim() know.
CREATE VIEW pg_redshift.stl_load_errors AS
SELECT
    userid, slice, tbl, starttime, session, query::integer AS query, filename::char(256) AS filename, line_number,
    colname::char(127) AS colname, type::char(10) AS type, col_length::char(10) AS col_length, position,
    raw_line::char(1024) AS raw_line, raw_field_value::char(1024) AS raw_field_value, err_code,
    err_reason::char(100) AS err_reason, 0 AS is_partial, 0::bigint AS start_offset, -1::bigint AS copy_job_id
FROM pg_redshift_store.load_errors;

CREATE VIEW pg_redshift.stl_loaderror_detail AS
SELECT
    userid, slice, session, query::integer AS query, filename::char(256) AS filename, line_number, position AS field,
    colname::char(1024) AS colname, raw_field_value::char(1024) AS value,
    (raw_field_value IS NULL)::integer AS is_null, type::char(10) AS type, col_length::char(10) AS col_length
FROM pg_redshift_store.load_errors;

CREATE VIEW pg_redshift.stl_load_commits AS
SELECT
    userid, query::integer AS query, slice, ''::char(256) AS name, filename::char(256) AS filename, byte_offset,
    lines_scanned::integer AS lines_scanned, errors, curtime, status, file_format::char(16) AS file_format,
    0 AS is_partial, 0::bigint AS start_offset, -1::bigint AS copy_job_id
FROM pg_redshift_store.load_commits;

CREATE VIEW pg_redshift.sys_load_error_detail AS
SELECT
    userid AS user_id, query AS query_id, 0::bigint AS transaction_id, session AS session_id, database AS database_name,
    tbl AS table_id, starttime AS start_time, filename::char(256) AS file_name, line_number, colname::char(127) AS column_name,
    type::char(10) AS column_type, col_length::char(10) AS column_length, position, err_code AS error_code,
    err_reason::char(512) AS error_message
FROM pg_redshift_store.load_errors;

GRANT SELECT ON
    pg_redshift.stl_load_errors, pg_redshift.stl_loaderror_detail, pg_redshift.stl_load_commits, pg_redshift.sys_load_error_detail
TO PUBLIC;
