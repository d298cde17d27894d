"""The outer-join operator (+) in a WHERE clause, as Oracle has it: made LEFT JOINs of the FROM clause.

Here because a case demands it. sqlglot's own rule (transforms.eliminate_join_marks) changes the order of columns and
passes over what Redshift refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite.relations import columns_of
from sandbox.redshift.rewrite.scan import fold


def make_joins(tree: exp.Expression) -> None:
    """Rewrites, in place, the queries in a tree whose own WHERE clause has columns with (+)."""
    for select in list(tree.find_all(exp.Select)):
        where = select.args.get("where")
        if where and any(column.find_ancestor(exp.Select) is select for column in _marked(where)):
            _join(select, where)


def _marked(node: exp.Expression) -> list[exp.Column]:
    return [column for column in node.find_all(exp.Column) if column.args.get("join_mark")]


def _join(select: exp.Select, where: exp.Where) -> None:
    relations = _relations(select)
    joined: dict[str, list[exp.Expression]] = {}
    partners: dict[str, str] = {}
    filters = []
    for term in _terms(where.this):
        marked = _marked(term)
        if not marked:
            filters.append(term)
            continue
        inner, others = _sides(term, marked, relations)
        joined.setdefault(inner, []).append(term)
        for other in others:
            if partners.setdefault(inner, other) != other:
                raise RedshiftError("0A000", "A table may be outer joined to at most one other table.")
        for column in marked:
            column.set("join_mark", None)
    if joined.keys() != partners.keys():
        raise unsupported("(+) on a table that no condition joins to another")
    for term in filters:
        tables = {fold(column.table) for column in term.find_all(exp.Column)}
        if any({inner, other} <= tables for inner, other in partners.items()):
            raise unsupported("two tables joined by conditions with (+) and without")
    order = _order(relations, partners)
    _keep_order_of_columns(select, relations, order)
    first, *rest = order
    select.set("from_", exp.From(this=relations[first]))
    select.set("joins", [_clause(relations[name], joined.get(name)) for name in rest])
    select.set("where", exp.Where(this=exp.and_(*filters, copy=False)) if filters else None)


def _relations(select: exp.Select) -> dict[str, exp.Expression]:
    """The relations of the FROM clause by the names their columns are qualified with."""
    joins = select.args.get("joins") or []
    if any(value for join in joins for key, value in join.args.items() if key != "this"):
        raise RedshiftError("0A000", "(+) is not allowed in a query block that also has join syntax in its FROM clause")
    from_ = select.args.get("from_")
    listed = [item.this for item in ([from_] if from_ else []) + joins]
    relations = {fold(relation.alias_or_name): relation for relation in listed}
    if "" in relations or len(relations) < len(listed):
        raise unsupported("(+) among relations without a name of their own")
    return relations


def _terms(node: exp.Expression) -> Iterator[exp.Expression]:
    """The conditions that AND holds together."""
    node = cast(exp.Expression, node.unnest())
    if isinstance(node, exp.And):
        yield from _terms(node.this)
        yield from _terms(node.expression)
    else:
        yield node


def _sides(
    term: exp.Expression, marked: list[exp.Column], relations: dict[str, exp.Expression]
) -> tuple[str, set[str]]:
    """The table a condition marks with (+) and the others in it."""
    if term.find(exp.Or, exp.In):
        raise RedshiftError("0A000", "Outer join operator (+) not allowed in operand of OR or IN.")
    if term.find(exp.Query):
        raise unsupported("(+) in a condition with a subquery")
    inner = {_table(column, relations) for column in marked}
    unmarked = [column for column in term.find_all(exp.Column) if not column.args.get("join_mark")]
    others = {_table(column, relations) for column in unmarked}
    if len(inner) > 1 or inner & others:
        raise unsupported("(+) on columns of two tables, or on some columns of a table only, in one condition")
    return inner.pop(), others


def _table(column: exp.Column, relations: dict[str, exp.Expression]) -> str:
    """The relation a column belongs to."""
    if column.table:
        tables = {fold(column.table)} & relations.keys()
    else:
        tables = {name for name, relation in relations.items() if fold(column.name) in columns_of(relation)}
    if len(tables) != 1:
        raise unsupported(f'(+) in a condition with the column "{column.name}", which is not one of this FROM clause')
    return tables.pop()


def _order(relations: dict[str, exp.Expression], partners: dict[str, str]) -> list[str]:
    """The relations so that each comes after the one it is outer-joined to."""
    order = [name for name in relations if name not in partners]
    while waiting := [name for name in relations if name not in order]:
        ready = [name for name in waiting if partners[name] in order]
        if not ready:
            raise RedshiftError("0A000", "tables cannot be outer joined to each other with (+)")
        order += ready
    return order


def _keep_order_of_columns(select: exp.Select, relations: dict[str, exp.Expression], order: list[str]) -> None:
    """SELECT * has the columns in the order of the FROM clause as it was written."""
    if order == list(relations):
        return
    for item in list(select.expressions):
        if isinstance(item, exp.Star) and not any(item.args.values()):
            item.replace([exp.Column(this=exp.Star(), table=exp.to_identifier(name)) for name in relations])


def _clause(relation: exp.Expression, conditions: list[exp.Expression] | None) -> exp.Join:
    if conditions is None:
        return exp.Join(this=relation, kind="CROSS")
    return exp.Join(this=relation, side="LEFT", on=exp.and_(*conditions, copy=False))
