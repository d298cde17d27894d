"""Functions whose call must change: one small rule each, from Redshift's call to what PostgreSQL runs for it.

The names that come out (date_add, date_diff, pgdate_part, coalesce, case) are Redshift's own default column names.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite import patterns
from sandbox.redshift.rewrite.allowed import AGGREGATES
from sandbox.redshift.rewrite.dialect import call

_PARTS = """
millennium: millennia mil mils
century: centuries c cent cents
decade: decades dec decs
year: years y yr yrs
quarter: quarters qtr qtrs
month: months mon mons
week: weeks w
day: days d
hour: hours h hr hrs
minute: minutes m min mins
second: seconds s sec secs
millisecond: milliseconds ms msec msecs msecond mseconds millisec millisecs millisecon
microsecond: microseconds us usec usecs usecond useconds microsec microsecs microsecon
dow: dayofweek dw weekday
doy: dayofyear dy yearday
epoch:
"""
PARTS = {
    alias: name
    for name, aliases in (line.split(":") for line in _PARTS.strip().splitlines())
    for alias in (name, *aliases.split())
}
_FIELDS_ONLY = ("dow", "doy", "epoch")
_FRAMED = AGGREGATES | {"first_value", "last_value", "nth_value"}

_DOUBLE = exp.DataType.build("DOUBLE PRECISION", dialect="postgres")
_TEXT = exp.DataType.build("TEXT", dialect="postgres")
_TIMESTAMP = exp.DataType.build("TIMESTAMP", dialect="postgres")

Rule = Callable[[exp.Anonymous], exp.Expression]


def date_part(node: exp.Expression, counted: bool = False) -> exp.Literal:
    """A date part, however spelled, as the one name the helper functions know; `counted`: one that dates move by."""
    written = node.name.lower()
    part = PARTS.get(written) if isinstance(node, (exp.Column, exp.Literal, exp.Var)) else None
    if part is None or (counted and part in _FIELDS_ONLY):
        raise unsupported(f'the date part "{written or node.sql()}" here')
    return exp.Literal.string(part)


def moment(node: exp.Expression) -> exp.Expression:
    """Text given for a date is a TIMESTAMP; PostgreSQL would take it for one with time zone."""
    if isinstance(node, (exp.Parameter, exp.Null)) or node.is_string:
        return exp.Cast(this=node, to=_TIMESTAMP.copy())
    return node


def column_named(name: str, node: exp.Expression) -> exp.Expression:
    """Marks the default column name of a node, for `queries.name_columns`."""
    node.meta["column"] = name
    return node


def arity(node: exp.Anonymous, least: int, most: int | None = None) -> list[exp.Expression]:
    """The arguments, so many of them; else PostgreSQL's error for a function that is not there."""
    arguments: list[exp.Expression] = node.expressions
    if not least <= len(arguments) <= (most or least):
        expected = str(least) if most in (None, least) else f"{least} to {most}"
        raise RedshiftError("42883", f"function {node.name.lower()} takes {expected} arguments, not {len(arguments)}")
    return arguments


def _dateadd(node: exp.Anonymous) -> exp.Expression:
    part, count, date = arity(node, 3)
    return call("date_add", date_part(part, counted=True), count, moment(date))


def _datediff(node: exp.Anonymous) -> exp.Expression:
    part, start, end = arity(node, 3)
    return call("date_diff", date_part(part, counted=True), moment(start), moment(end))


def _date_part(node: exp.Anonymous) -> exp.Expression:
    part, date = arity(node, 2)
    return call("pgdate_part", date_part(part), moment(date))


def _date_trunc(node: exp.Anonymous) -> exp.Expression:
    part, date = arity(node, 2)
    return call("date_trunc", date_part(part, counted=True), moment(date))


def _convert_timezone(node: exp.Anonymous) -> exp.Expression:
    *zones, date = arity(node, 2, 3)
    return call("convert_timezone", *zones, moment(date))


def _formatted_date(node: exp.Anonymous) -> exp.Expression:
    # the third argument asks for strict checking, as PostgreSQL's is; else June 31 is July 1
    text, form, *strict = arity(node, 2, 3)
    return call(node.name.lower(), text, form, strict[0] if strict else exp.false())


def _decode(node: exp.Anonymous) -> exp.Expression:
    value, *rest = arity(node, 3, 1000)
    value = _operand(value)
    case = exp.Case(default=rest.pop() if len(rest) % 2 else None)
    for search, result in zip(rest[::2], rest[1::2], strict=True):
        case.append("ifs", exp.If(this=_decodes(value.copy(), _operand(search)), true=result))
    return column_named("case", case)


def _operand(node: exp.Expression) -> exp.Expression:
    """An argument as one side of an operator: in parentheses unless it is one piece."""
    is_several = isinstance(node, exp.Binary | exp.Unary | exp.Predicate) and not isinstance(node, exp.Paren)
    return exp.Paren(this=node) if is_several else node


def _decodes(value: exp.Expression, search: exp.Expression) -> exp.Expression:
    """DECODE finds NULL by NULL."""
    if isinstance(search, exp.Null):
        return exp.Is(this=value, expression=search)
    same = exp.EQ(this=value, expression=search)
    if isinstance(search, exp.Literal | exp.Boolean):
        return same
    nulls = [exp.Is(this=side.copy(), expression=exp.Null()) for side in (value, search)]
    return exp.Paren(this=exp.Or(this=same, expression=exp.Paren(this=exp.And(this=nulls[0], expression=nulls[1]))))


def _nvl2(node: exp.Anonymous) -> exp.Expression:
    value, given, missing = arity(node, 3)
    # NOT (x IS NULL) is no row test here: the value is one column
    known = exp.Not(this=exp.Paren(this=exp.Is(this=_operand(value), expression=exp.Null())))
    return column_named("case", exp.Case(ifs=[exp.If(this=known, true=given)], default=missing))


def _nvl(node: exp.Anonymous) -> exp.Expression:
    return call("coalesce", *node.expressions)


def _in_doubles(node: exp.Anonymous) -> exp.Expression:
    """Functions Redshift computes in DOUBLE PRECISION whatever comes in; PostgreSQL's have a NUMERIC form too."""
    doubles = [exp.Cast(this=argument, to=_DOUBLE.copy()) for argument in arity(node, 1, 2)]
    return call(node.name.lower(), *doubles)


def _one_argument_in_doubles(node: exp.Anonymous) -> exp.Expression:
    arity(node, 1)
    return _in_doubles(node)


def _concat(node: exp.Anonymous) -> exp.Expression:
    # two of anything, as text: PostgreSQL's own concat would take what is not, and read over NULLs
    return call("concat", *[exp.Cast(this=argument, to=_TEXT.copy()) for argument in arity(node, 2)])


def _regexp(letters: str, most: int) -> Rule:
    def rule(node: exp.Anonymous) -> exp.Expression:
        return patterns.with_parameters(node, letters) if len(arity(node, 2, most)) == most else node

    return rule


def _json_extract(node: exp.Anonymous) -> exp.Expression:
    """The flag null_if_invalid comes last in Redshift, after any number of path elements."""
    *arguments, last = node.expressions
    if isinstance(last, exp.Boolean) and len(arguments) > 1:
        return call(node.name.lower(), arguments[0], last, *arguments[1:])
    return node


def _count(node: exp.Anonymous) -> exp.Expression:
    [argument] = arity(node, 1)
    if isinstance(argument, exp.Distinct) and len(argument.expressions) > 1:
        raise unsupported("COUNT(DISTINCT) of several columns")
    return node


def _built(builder: str, column: str) -> Rule:
    """A SUPER of many values, made by a function of PostgreSQL's that takes values of any type."""
    return lambda node: column_named(column, call("pg_redshift.super_compact", call(builder, *node.expressions)))


RULES: dict[str, Rule] = {
    "array": _built("json_build_array", "array"),
    "object": _built("json_build_object", "object"),
    # a word of PostgreSQL's grammar
    "json_serialize": lambda node: column_named("json_serialize", call("pg_redshift.json_serialize", *arity(node, 1))),
    "concat": _concat,
    "convert_timezone": _convert_timezone,
    "count": _count,
    "date_add": _dateadd,
    "date_diff": _datediff,
    "date_part": _date_part,
    "date_trunc": _date_trunc,
    "dateadd": _dateadd,
    "datediff": _datediff,
    "decode": _decode,
    "json_extract_array_element_text": _json_extract,
    "json_extract_path_text": _json_extract,
    "nvl": _nvl,
    "nvl2": _nvl2,
    "regexp_count": _regexp("cip", 4),
    "regexp_instr": _regexp("ceip", 6),
    "regexp_replace": _regexp("cip", 5),
    "regexp_substr": _regexp("ceip", 5),
    "to_date": _formatted_date,
    "to_timestamp": _formatted_date,
    **dict.fromkeys(("exp", "ln", "log", "sqrt", "cbrt"), _one_argument_in_doubles),
    **dict.fromkeys(("pow", "power"), _in_doubles),
    **dict.fromkeys(
        ("stddev", "stddev_pop", "stddev_samp", "var_pop", "var_samp", "variance"), _one_argument_in_doubles
    ),
}


def extract(node: exp.Extract) -> exp.Expression:
    """EXTRACT by a function of the helper schema: PostgreSQL's answers NUMERIC, with fractions."""
    return call("date_part", date_part(node.this), moment(node.expression))


def within_group(node: exp.WithinGroup) -> exp.Expression:
    """LISTAGG takes its order inside the call, as every aggregate of PostgreSQL does."""
    aggregate, order = node.this, node.expression
    name = aggregate.name.lower() if isinstance(aggregate, exp.Anonymous) else ""
    if name in ("percentile_cont", "percentile_disc"):
        if isinstance(node.parent, exp.Window):
            raise unsupported(f"{name.upper()} as a window function")
        return node
    if name != "listagg" or not isinstance(order, exp.Order):
        raise unsupported(f"WITHIN GROUP for {name or aggregate.key}")
    *others, last = arity(aggregate, 1, 2)
    return call("listagg", *others, exp.Order(this=last, expressions=order.expressions))


def window(node: exp.Window) -> exp.Expression:
    """Window functions: Redshift wants a frame where an aggregate is ordered, and knows frames of rows only."""
    function = node.this
    name = function.name.lower()
    spec, order = node.args.get("spec"), node.args.get("order")
    if spec and spec.text("kind").upper() != "ROWS":
        raise unsupported(f"window frames by {spec.text('kind').upper() or 'this unit'}")
    if name in _FRAMED and order and not spec:
        raise RedshiftError("XX000", "Aggregate window functions with an ORDER BY clause require a frame clause")
    if name in ("lag", "lead") and len(function.expressions) > 2:
        raise RedshiftError("0A000", f"Default parameter not be supported for window function {name}")
    if name == "listagg" and function.find(exp.Order):
        raise unsupported("LISTAGG WITHIN GROUP as a window function")
    if node.meta.get("ignores_nulls"):
        return _ignoring_nulls(node, name)
    if name == "ratio_to_report":
        [value] = arity(function, 1)
        function.replace(call("sum", value.copy()))
        share = exp.Div(this=exp.Cast(this=value, to=_DOUBLE.copy()), expression=node)
        return column_named("ratio_to_report", exp.Paren(this=share))
    return node


_ONE = exp.Literal.number(1)
_PRECEDING = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end=_ONE, end_side="PRECEDING")
_FOLLOWING = exp.WindowSpec(
    kind="ROWS", start=_ONE.copy(), start_side="FOLLOWING", end="UNBOUNDED", end_side="FOLLOWING"
)


def _ignoring_nulls(node: exp.Window, name: str) -> exp.Expression:
    """IGNORE NULLS: an aggregate over the frame, which for LAG and LEAD is all rows before or after this one."""
    nth = arity(node.this, 2 if name == "nth_value" else 1, 1 if name in ("first_value", "last_value") else 2)
    value, n = [*nth, _ONE.copy()][:2]
    if not (n.is_int and int(n.name)):
        raise unsupported(f"{name.upper()} with IGNORE NULLS and {n.sql()} for an offset")
    if name in ("lag", "lead"):
        if node.args.get("spec"):
            raise RedshiftError("42601", f"{name.upper()} takes no frame clause")
        node.set("spec", _PRECEDING.copy() if name == "lag" else _FOLLOWING.copy())
    node.set("this", call("nth_last_known" if name in ("lag", "last_value") else "nth_known", value, n))
    return column_named(name, node)


def rewrite_call(node: exp.Anonymous) -> exp.Expression:
    """A call of an allowed function by its rule, if it has one; ratio_to_report goes with its window."""
    rule = RULES.get(node.name.lower())
    return rule(node) if rule else node
