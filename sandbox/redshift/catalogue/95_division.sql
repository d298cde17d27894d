-- A division of DECIMALs that was not given its scale (rewrite/decimals.py) has one on Redshift that depends on the declared precisions.
-- PostgreSQL's would be another. This file is the last: what divides in the others is PostgreSQL's.
CREATE FUNCTION pg_redshift.quotient_of_unknown_scale(a numeric, b numeric) RETURNS numeric STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_redshift.fail('0A000', 'the sandbox does not support a division of DECIMALs whose precision and scale it cannot tell',
        NULL, 'Cast both to DECIMAL(p, s) or to DOUBLE PRECISION.');
END
$$;
CREATE OPERATOR pg_redshift./ (FUNCTION = pg_redshift.quotient_of_unknown_scale, LEFTARG = numeric, RIGHTARG = numeric);
