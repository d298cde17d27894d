"""PIVOT and UNPIVOT in a FROM clause: made subqueries with CASE in their aggregates, and with a UNION ALL.

Here because cases demand them. sqlglot drops both on the way to PostgreSQL. Columns that neither names stay in the
result, so the input's columns must be known.
"""

from __future__ import annotations

from typing import cast

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite.dialect import call
from sandbox.redshift.rewrite.relations import columns_of
from sandbox.redshift.rewrite.scan import fold

_AGGREGATES = ("avg", "count", "max", "min", "sum")
# clauses of sqlglot's node that Redshift has; the rest is other databases'
_CLAUSES = {"expressions", "fields", "unpivot", "include_nulls", "alias", "columns", "pivot_column_naming"}
_INPUT = "?input?"


def expand(tree: exp.Expression) -> None:
    """Rewrites, in place, the pivoted relations in a tree."""
    for pivot in reversed(list(tree.find_all(exp.Pivot))):
        relation = pivot.parent
        if not isinstance(relation, exp.Table | exp.Subquery):
            raise unsupported("PIVOT and UNPIVOT of a join")
        if len(relation.args["pivots"]) > 1:
            raise unsupported("PIVOT and UNPIVOT one upon the other")
        if {clause for clause, value in pivot.args.items() if value} - _CLAUSES or len(pivot.args["fields"]) != 1:
            raise unsupported("this form of PIVOT and UNPIVOT")
        relation.set("pivots", None)
        columns = columns_of(relation)
        place = exp.Subquery(alias=pivot.args.get("alias"))
        relation.replace(place)
        make = _unpivot if pivot.args.get("unpivot") else _pivot
        place.set("this", make(pivot, relation, columns))


def _pivot(pivot: exp.Pivot, relation: exp.Expression, columns: list[str]) -> exp.Query:
    """An aggregate for each value; all columns that neither it nor FOR names are grouped by."""
    if len(pivot.expressions) != 1:
        raise unsupported("PIVOT with several aggregates")
    [aggregate], [field] = pivot.expressions, pivot.args["fields"]
    call_ = aggregate.unalias()
    if not isinstance(call_, exp.Anonymous) or call_.name.lower() not in _AGGREGATES or len(call_.expressions) != 1:
        raise RedshiftError("0A000", "PIVOT takes a call of COUNT, SUM, MIN, MAX or AVG")
    if call_.find(exp.Query):
        raise unsupported("PIVOT with a subquery in its aggregate")
    used = {fold(column.name) for node in (call_, field.this) for column in node.find_all(exp.Column)}
    kept = [exp.column(name, quoted=True) for name in columns if name not in used]
    suffix = f"_{aggregate.alias}" if aggregate.alias else ""
    items = [
        exp.alias_(_of_value(call_.copy(), field.this.copy(), value), _name(value) + suffix, quoted=True)
        for value in field.expressions
    ]
    group = exp.Group(expressions=[column.copy() for column in kept]) if kept else None
    return exp.Select(expressions=[*kept, *items], from_=exp.From(this=relation), group=group)


def _of_value(aggregate: exp.Anonymous, column: exp.Expression, value: exp.Expression) -> exp.Expression:
    """The aggregate over the rows that have the value in the column."""
    value = cast(exp.Expression, value.unalias().copy())
    if value.find(exp.Column, exp.Query):
        raise RedshiftError("0A000", "PIVOT takes neither columns nor subqueries for values")
    kind = exp.Is if isinstance(value, exp.Null) else exp.EQ
    [argument] = aggregate.expressions
    distinct = isinstance(argument, exp.Distinct)
    of = argument.expressions[0] if distinct else argument
    taken = exp.Literal.number(1) if isinstance(of, exp.Star) else of
    case = exp.Case(ifs=[exp.If(this=kind(this=column, expression=value), true=taken)])
    return call(aggregate.name, exp.Distinct(expressions=[case]) if distinct else case)


def _name(value: exp.Expression) -> str:
    """What a value's column is called: by its alias, or by the constant."""
    if isinstance(value, exp.PivotAlias):
        return str(value.args["alias"].name)
    if isinstance(value, exp.Null):
        return "null"
    if not isinstance(value, exp.Literal) or not value.name:
        raise unsupported(f"PIVOT with {value.sql()} among its values and no alias for it")
    return value.name


def _unpivot(pivot: exp.Pivot, relation: exp.Expression, columns: list[str]) -> exp.Query:
    """A SELECT for each column: the columns that are not named, its name, its value."""
    [value], [field] = pivot.expressions, pivot.args["fields"]
    chosen = [(fold(item.unalias().name), _label(item)) for item in field.expressions]
    if not isinstance(value, exp.Identifier) or not {name for name, _ in chosen} <= set(columns):
        raise RedshiftError("0A000", "UNPIVOT takes a name for the values and columns of its input")
    kept = [name for name in columns if name not in {name for name, _ in chosen}]
    selects = []
    for name, label in chosen:
        label_ = exp.Cast(this=exp.Literal.string(label), to=exp.DataType.build("VARCHAR", dialect="redshift"))
        column = exp.column(name, quoted=True)
        named = [exp.alias_(label_, field.this.name, quoted=True), exp.alias_(column, value.name, quoted=True)]
        items = [*(exp.column(other, quoted=True) for other in kept), *named]
        select = exp.Select(expressions=items, from_=exp.From(this=exp.to_table(_INPUT)))
        if not pivot.args.get("include_nulls"):
            given = exp.Not(this=exp.Paren(this=exp.Is(this=column.copy(), expression=exp.Null())))
            select.set("where", exp.Where(this=given))
        selects.append(select)
    union = cast(exp.Query, selects[0] if len(selects) == 1 else exp.union(*selects, distinct=False, copy=False))
    every = exp.Select(expressions=[exp.Star()], from_=exp.From(this=relation))
    input_ = exp.CTE(this=every, alias=exp.TableAlias(this=exp.to_identifier(_INPUT, quoted=True)))
    union.set("with_", exp.With(expressions=[input_]))
    return union


def _label(item: exp.Expression) -> str:
    """What stands in the name column for an input column."""
    if not isinstance(item.unalias(), exp.Column) or item.unalias().args.get("table"):
        raise RedshiftError("0A000", "UNPIVOT takes names of columns")
    alias = item.args.get("alias")
    if alias is not None and not isinstance(alias, exp.Identifier):
        raise unsupported("UNPIVOT with an alias that is no name")
    return fold(alias.name if alias else item.name)
