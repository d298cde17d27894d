"""Redshift's arithmetic on DECIMALs: precision and scale of a result follow from those declared for what goes in.

PostgreSQL reckons a quotient's scale from the values. So types are reckoned here, from columns, casts and literals up;
a division of DECIMALs gets its scale by a cast. One whose types cannot be told stays as it is, and meets the operator
of `catalogue/95_division.sql` that refuses it: PostgreSQL itself tells DECIMALs from integers and floats there.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable
from typing import NamedTuple

from sqlglot import exp


class Number(NamedTuple):
    """A numeric type; precision and scale are a float's 0, and those of dates and times, which make numbers."""

    kind: str
    precision: int = 0
    scale: int = 0


# what the type of an expression may be: several where the guide leaves it open, none where nothing is known
Types = frozenset[Number]

SMALLINT, INTEGER, BIGINT = (Number("integer", digits) for digits in (5, 10, 19))
FLOAT, DATE, TIME = Number("float"), Number("date"), Number("time")
# the type of a column of a relation whose columns have not been asked for
ASKED = Number("asked")
UNKNOWN: Types = frozenset()

_GREATEST = 38
_DECLARED = re.compile(r"numeric\((\d+),(\d+)\)")
_NAMED = {
    **{"smallint": SMALLINT, "integer": INTEGER, "bigint": BIGINT},
    **dict.fromkeys(("real", "double precision"), FLOAT),
    **{"date": DATE, "interval": TIME, "time without time zone": TIME, "timestamp without time zone": TIME},
}
_CAST = {
    **{exp.DType.SMALLINT: SMALLINT, exp.DType.INT: INTEGER, exp.DType.BIGINT: BIGINT},
    **dict.fromkeys((exp.DType.FLOAT, exp.DType.DOUBLE), FLOAT),
    **{exp.DType.DATE: DATE, exp.DType.TIMESTAMP: TIME, exp.DType.DATETIME: TIME, exp.DType.TIME: TIME},
}


def decimal(precision: int, scale: int) -> Number:
    return Number("decimal", precision, scale)


def declared(written: str) -> Types:
    """The type of a column as PostgreSQL's format_type writes it."""
    match = _DECLARED.fullmatch(written)
    if match:
        return frozenset({decimal(int(match[1]), int(match[2]))})
    return frozenset({_NAMED[written]}) if written in _NAMED else UNKNOWN


def quotient(node: exp.Div) -> exp.Expression:
    """A division of DECIMALs, exact to the scale Redshift gives it and rounded there."""
    types = types_of(node)
    scale = _scale(types)
    if scale is None:
        return node
    # 40 digits more than the scale tell any two quotients of 38 digits apart: what is rounded was not rounded before
    dividend = exp.Cast(this=node.this, to=_data_type(200, scale + 40))
    divided = exp.Operator(this=dividend, operator="pg_catalog./", expression=node.expression)
    result = exp.Cast(this=divided, to=_data_type(_precision(types), scale))
    item: exp.Expression = node
    while isinstance(item.parent, exp.Paren):
        item = item.parent
    # the cast would name the column
    (result if item is node else item).meta["column"] = "?column?"
    return result


def _scale(types: Types) -> int | None:
    """The scale that all of these have, if they are DECIMALs."""
    scales = {one.scale for one in types}
    return scales.pop() if {one.kind for one in types} == {"decimal"} and len(scales) == 1 else None


def _precision(types: Types) -> int:
    return max(one.precision for one in types)


def _data_type(precision: int, scale: int) -> exp.DataType:
    return exp.DataType.build(f"DECIMAL({precision}, {scale})", dialect="postgres")


def types_of(node: exp.Expression | None) -> Types:
    """What was written down for a node."""
    return node.meta.get("types", UNKNOWN) if node is not None else UNKNOWN


def reckon(node: exp.Expression) -> Types:
    """The types of a node but a column, from those written down for its parts."""
    if isinstance(node, exp.Literal):
        return UNKNOWN if node.is_string else _literal(node.name)
    if isinstance(node, exp.Paren | exp.Neg | exp.Alias | exp.Window):
        return types_of(node.this)
    if isinstance(node, exp.Distinct):
        return types_of(node.expressions[0]) if node.expressions else UNKNOWN
    if isinstance(node, exp.Cast):
        return _cast(node.to)
    if isinstance(node, exp.Extract):
        # with a time zone it is a DOUBLE PRECISION, whose types are not told apart
        return frozenset(
            {ASKED: ASKED, DATE: INTEGER, TIME: INTEGER}.get(one, FLOAT) for one in types_of(node.expression)
        )
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div):
        return combined(_RESULTS[type(node)], types_of(node.this), types_of(node.expression))
    parts = alternatives(node)
    if parts:
        return common(parts)
    if isinstance(node, exp.Anonymous):
        rule = _FUNCTIONS.get(node.name.lower())
        return rule(node.expressions) if rule else UNKNOWN
    if isinstance(node, exp.CurrentDate | exp.StrPosition):
        return frozenset({DATE if isinstance(node, exp.CurrentDate) else INTEGER})
    return UNKNOWN


def _literal(text: str) -> Types:
    whole, point, fraction = text.partition(".")
    digits = whole.lstrip("0")
    if not (whole + fraction).isdigit() or len(digits) > _GREATEST:
        return UNKNOWN  # with an exponent, or too long
    if not point:
        number = int(text)
        fits = [kind for kind, bits in ((INTEGER, 31), (BIGINT, 63)) if number < 1 << bits]
        return frozenset({fits[0] if fits else decimal(len(digits), 0)})
    # whether the zero before the point of 0.5 counts is nowhere told
    counts = {len(digits)} if digits else {0, 1}
    return frozenset(
        decimal(count + len(fraction), len(fraction)) for count in counts if 0 < count + len(fraction) <= _GREATEST
    )


def _cast(to: exp.DataType) -> Types:
    if to.this is not exp.DType.DECIMAL:
        return frozenset({_CAST[to.this]}) if to.this in _CAST else UNKNOWN
    given = [parameter.name for parameter in to.expressions]
    if not all(number.isdigit() and int(number[:3]) <= _GREATEST for number in given):
        return UNKNOWN
    precision, scale = [*map(int, given), 0][:2] if given else (18, 0)
    return frozenset({decimal(precision, scale)})


Rule = Callable[[Number, Number], Number | None]


def combined(rule: Rule, *operands: Types) -> Types:
    """The types an operation on two operands may have: a float makes a float whatever the other is."""
    if any(types == {FLOAT} for types in operands):
        return frozenset({FLOAT})
    results = {_operation(rule, a, b) for a, b in itertools.product(*operands)}
    return UNKNOWN if None in results else frozenset(one for one in results if one)


def _operation(rule: Rule, a: Number, b: Number) -> Number | None:
    kinds = {a.kind, b.kind}
    for kind in ("float", "asked"):
        if kind in kinds:
            return Number(kind)
    if kinds & {"date", "time"}:
        return INTEGER if kinds == {"date"} else DATE if kinds == {"date", "integer"} else TIME
    return max(a, b) if kinds == {"integer"} else rule(a, b)


def _sum(a: Number, b: Number) -> Number | None:
    scale = max(a.scale, b.scale)
    return decimal(min(_GREATEST, max(a.precision - a.scale, b.precision - b.scale) + 1 + scale), scale)


def _product(a: Number, b: Number) -> Number | None:
    scale = a.scale + b.scale
    return decimal(min(_GREATEST, a.precision + b.precision + 1), scale) if scale <= _GREATEST else None


def _quotient(a: Number, b: Number) -> Number | None:
    scale = max(4, a.scale + b.precision - b.scale + 1)
    precision = a.precision - a.scale + b.scale + scale
    if precision > _GREATEST:
        precision, scale = _GREATEST, max(_GREATEST + scale - precision, 4)
    return decimal(precision, scale)


_RESULTS: dict[type[exp.Expression], Rule] = {exp.Add: _sum, exp.Sub: _sum, exp.Mul: _product, exp.Div: _quotient}


def alternatives(node: exp.Expression) -> list[exp.Expression]:
    """The parts of an expression whose value is that of one of them: CASE's branches, COALESCE's arguments."""
    parts: list[exp.Expression | None] = []
    if isinstance(node, exp.Case):
        parts = [*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default")]
    elif isinstance(node, exp.Anonymous):
        name, arguments = node.name.lower(), node.expressions
        if name in ("coalesce", "greatest", "least", "nvl"):
            parts = arguments
        elif name == "nvl2":
            parts = arguments[1:]
        elif name == "decode":
            parts = [*arguments[2::2], *([] if len(arguments) % 2 else arguments[-1:])]
    return [part for part in parts if part is not None and not isinstance(part, exp.Null)]


def common(parts: list[exp.Expression]) -> Types:
    """The one type that the values of several expressions get."""
    return functools.reduce(united, [types_of(part) for part in parts])


def is_rescaled(types: Types, shared: Types) -> bool:
    """Whether a value of these types changes its scale where it gets the types it shares with others."""
    return _scale(shared) is not None and {one.scale for one in types} != {_scale(shared)}


def declare(node: exp.Expression, types: Types) -> exp.Expression:
    """Casts a value to a DECIMAL, which keeps PostgreSQL from leaving its scale as it was: 0 becomes 0.00."""
    scale = _scale(types)
    if scale is None:
        return node
    return node.replace(exp.Cast(this=node.copy(), to=_data_type(_precision(types), scale)))


def united(left: Types, right: Types) -> Types:
    results: set[Number | None] = set()
    for a, b in itertools.product(left, right):
        if {a.kind, b.kind} & {"date", "time"}:
            return left if left == right else UNKNOWN
        scale = max(a.scale, b.scale)
        precision = min(_GREATEST, max(a.precision - a.scale, b.precision - b.scale) + scale)
        # the guide says 19 at most, which a SUM has more than
        both = {a} if a == b else {decimal(precision, scale), decimal(min(precision, max(19, scale)), scale)}
        single = _operation(lambda a, b: None, a, b)
        results |= {single} if single else both
    return frozenset(one for one in results if one)


def _first(arguments: list[exp.Expression]) -> Types:
    return types_of(arguments[0]) if arguments else UNKNOWN


def _total(of_integer: Number | None) -> Callable[[list[exp.Expression]], Types]:
    """SUM and AVG: a DECIMAL's has precision 38 and its scale."""

    def rule(arguments: list[exp.Expression]) -> Types:
        found = set()
        for one in _first(arguments):
            if one.kind == "integer":
                found.add(of_integer or (decimal(_GREATEST, 0) if one == BIGINT else BIGINT))
            else:
                found.add(decimal(_GREATEST, one.scale) if one.kind == "decimal" else one)
        return frozenset(found)

    return rule


def _always(number: Number, names: str) -> dict[str, Callable[[list[exp.Expression]], Types]]:
    return dict.fromkeys(names.split(), lambda arguments: frozenset({number}))


_FUNCTIONS: dict[str, Callable[[list[exp.Expression]], Types]] = {
    **dict.fromkeys(("abs", "first_value", "lag", "last_value", "lead", "max", "min", "nth_value", "nullif"), _first),
    **_always(BIGINT, "count date_diff datediff dense_rank rank row_number"),
    **_always(INTEGER, "char_length character_length charindex date_cmp date_part_year len length octet_length"),
    **_always(INTEGER, "regexp_count regexp_instr strpos textlen"),
    **_always(FLOAT, "date_part exp ln log months_between pi pow power random sqrt"),
    **_always(TIME, "getdate sysdate"),
    "avg": _total(BIGINT),
    "sum": _total(None),
}
