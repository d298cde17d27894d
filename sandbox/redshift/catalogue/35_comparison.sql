-- VARCHARs compare as on Redshift: blanks at the end do not count (LIKE sees them, as there). PostgreSQL compares CHAR this way, and
-- CHAR and TEXT are stored alike, so its functions for CHAR serve, at full speed. The operators stand before pg_catalog's in the search
-- path; GROUP BY, DISTINCT, UNION, ORDER BY and joins go by a type's default operator classes, which these become.

CREATE FUNCTION pg_redshift.text_eq(text, text) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bpchareq';
CREATE FUNCTION pg_redshift.text_ne(text, text) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bpcharne';
CREATE FUNCTION pg_redshift.text_lt(text, text) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bpcharlt';
CREATE FUNCTION pg_redshift.text_le(text, text) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bpcharle';
CREATE FUNCTION pg_redshift.text_gt(text, text) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bpchargt';
CREATE FUNCTION pg_redshift.text_ge(text, text) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bpcharge';
CREATE FUNCTION pg_redshift.text_cmp(text, text) RETURNS integer LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bpcharcmp';
CREATE FUNCTION pg_redshift.text_sort(internal) RETURNS void LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'bpchar_sortsupport';
CREATE FUNCTION pg_redshift.text_hash(text) RETURNS integer LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashbpchar';
CREATE FUNCTION pg_redshift.text_hash(text, bigint) RETURNS bigint LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'hashbpcharextended';

CREATE OPERATOR pg_redshift.= (
    FUNCTION = pg_redshift.text_eq, LEFTARG = text, RIGHTARG = text, COMMUTATOR = OPERATOR(pg_redshift.=),
    NEGATOR = OPERATOR(pg_redshift.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_redshift.<> (
    FUNCTION = pg_redshift.text_ne, LEFTARG = text, RIGHTARG = text, COMMUTATOR = OPERATOR(pg_redshift.<>),
    NEGATOR = OPERATOR(pg_redshift.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_redshift.< (
    FUNCTION = pg_redshift.text_lt, LEFTARG = text, RIGHTARG = text, COMMUTATOR = OPERATOR(pg_redshift.>),
    NEGATOR = OPERATOR(pg_redshift.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_redshift.<= (
    FUNCTION = pg_redshift.text_le, LEFTARG = text, RIGHTARG = text, COMMUTATOR = OPERATOR(pg_redshift.>=),
    NEGATOR = OPERATOR(pg_redshift.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_redshift.> (
    FUNCTION = pg_redshift.text_gt, LEFTARG = text, RIGHTARG = text, COMMUTATOR = OPERATOR(pg_redshift.<),
    NEGATOR = OPERATOR(pg_redshift.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_redshift.>= (
    FUNCTION = pg_redshift.text_ge, LEFTARG = text, RIGHTARG = text, COMMUTATOR = OPERATOR(pg_redshift.<=),
    NEGATOR = OPERATOR(pg_redshift.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);

-- a type has one default operator class for an access method
UPDATE pg_catalog.pg_opclass SET opcdefault = false
WHERE opcname = 'text_ops' AND opcintype = 'text'::regtype AND opcnamespace = 'pg_catalog'::regnamespace
    AND opcmethod IN (SELECT oid FROM pg_catalog.pg_am WHERE amname IN ('btree', 'hash'));
CREATE OPERATOR CLASS pg_redshift.text_ops DEFAULT FOR TYPE text USING btree AS
    OPERATOR 1 pg_redshift.<, OPERATOR 2 pg_redshift.<=, OPERATOR 3 pg_redshift.=, OPERATOR 4 pg_redshift.>=,
    OPERATOR 5 pg_redshift.>, FUNCTION 1 pg_redshift.text_cmp(text, text), FUNCTION 2 pg_redshift.text_sort(internal);
CREATE OPERATOR CLASS pg_redshift.text_ops DEFAULT FOR TYPE text USING hash AS
    OPERATOR 1 pg_redshift.=, FUNCTION 1 pg_redshift.text_hash(text), FUNCTION 2 pg_redshift.text_hash(text, bigint);
