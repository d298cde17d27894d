"""Types: Redshift's default lengths, and the types it does not have or the sandbox does not."""

from __future__ import annotations

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported

_Type = exp.DataType.Type

# (length where none is given, greatest length): bytes on Redshift
_LENGTHS = {
    _Type.CHAR: (1, 4096),
    _Type.NCHAR: (1, 4096),
    _Type.BPCHAR: (256, 4096),
    _Type.VARCHAR: (256, 65535),
    _Type.NVARCHAR: (256, 65535),
    _Type.TEXT: (256, 65535),
}
_WRITTEN = {_Type.BPCHAR: _Type.CHAR, _Type.NCHAR: _Type.CHAR, _Type.NVARCHAR: _Type.VARCHAR, _Type.TEXT: _Type.VARCHAR}
_PLAIN = {
    _Type.BOOLEAN,
    _Type.SMALLINT,
    _Type.INT,
    _Type.BIGINT,
    _Type.FLOAT,
    _Type.DOUBLE,
    _Type.DATE,
    _Type.DATETIME,
    _Type.TIME,
    _Type.TIMETZ,
    _Type.TIMESTAMP,
    _Type.TIMESTAMPTZ,
    _Type.SUPER,
}


# types of catalogue columns, which tools cast to
_CATALOGUE = ("OID", "REGCLASS")


def object_identifier(node: exp.ObjectIdentifier) -> None:
    if node.name.upper() not in _CATALOGUE:
        raise unsupported(f"the type {node.name}")


def data_type(node: exp.DataType) -> None:
    """A type where a column or a cast names it, made PostgreSQL's in place."""
    kind = node.this
    if kind is _Type.USERDEFINED:
        named = node.args["kind"]
        if not (isinstance(named, exp.Dot) and named.this.name == "pg_catalog" and named.name.upper() in _CATALOGUE):
            raise unsupported(f"the type {named.sql()}")
    elif kind in _LENGTHS:
        _character(node)
    elif kind is _Type.DECIMAL:
        _decimal(node)
    elif kind is _Type.INTERVAL and isinstance(node.parent, exp.Cast):
        pass  # '5 days'::interval is INTERVAL '5 days'
    elif kind not in _PLAIN:
        raise unsupported(f"the type {node.sql(dialect='redshift')}")
    elif node.expressions and kind is not _Type.DOUBLE:
        raise unsupported(f"the type {node.sql(dialect='redshift')} (a precision is not taken)")


def _parameters(node: exp.DataType) -> list[str]:
    return [parameter.name.upper() for parameter in node.expressions]


def _character(node: exp.DataType) -> None:
    default, greatest = _LENGTHS[node.this]
    given = _parameters(node)
    length = str(greatest) if given == ["MAX"] else given[0] if given else str(default)
    if not length.isdigit() or not 0 < int(length) <= greatest:
        raise RedshiftError("42601", f"length for type {node.this.value.lower()} must be 1 to {greatest}, not {length}")
    node.set("this", _WRITTEN.get(node.this, node.this))
    node.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(length))])


def _decimal(node: exp.DataType) -> None:
    precision, scale = [*_parameters(node), "0", "0"][:2] if node.expressions else ["18", "0"]
    if not precision.isdigit() or not 0 < int(precision[:9]) <= 38:
        raise RedshiftError("22023", f"NUMERIC precision {precision} must be between 1 and 38")
    if not scale.isdigit() or int(scale[:9]) > min(int(precision), 37):
        raise RedshiftError("22023", f"NUMERIC scale {scale} must be between 0 and precision {precision}")
    node.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(number)) for number in (precision, scale)])
