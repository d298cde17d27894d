"""The columns of a relation in a FROM clause: as the statement tells them, or the database."""

from __future__ import annotations

from typing import cast

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite import scopes
from sandbox.redshift.rewrite.scan import fold


def columns_of(relation: exp.Expression) -> list[str]:
    """Names of a relation's columns in order; raises UnknownColumns until the database's are given."""
    if relation.args.get("pivots"):
        raise unsupported("PIVOT and UNPIVOT of what is pivoted itself")
    renamed = [fold(column.name) for column in relation.args["alias"].columns] if relation.args.get("alias") else []
    if isinstance(relation, exp.Subquery):
        names = _of_query(relation.this)
    elif isinstance(relation, exp.Table):
        names = _of_table(relation)
    else:
        raise unsupported("a relation of this kind where its columns must be known")
    return [*renamed, *names[len(renamed) :]]


def common_table(table: exp.Table) -> exp.CTE | None:
    """The common table expression that a name in a FROM clause stands for; one can name those before it."""
    inside: exp.Expression = table
    last = None
    while inside.parent is not None and not table.db:
        inside, below = cast(exp.Expression, inside.parent), inside
        last = below if isinstance(below, exp.CTE) else last
        with_ = inside.args.get("with_") or exp.With()
        for cte in with_.expressions:
            if cte is last and not with_.args.get("recursive"):
                break
            if fold(cte.alias) == fold(table.name):
                return cast(exp.CTE, cte)
    return None


def _of_table(table: exp.Table) -> list[str]:
    cte = common_table(table)
    if cte:
        if cast(exp.With, cte.parent).args.get("recursive"):
            raise unsupported("recursive common table expressions where columns must be known")
        renamed = [fold(column.name) for column in cte.args["alias"].columns]
        return [*renamed, *_of_query(cte.this)[len(renamed) :]]
    names = scopes.names_of(table)
    if not names:
        raise RedshiftError("42P01", f'relation "{fold(table.name)}" does not exist')
    return names


def _of_query(query: exp.Expression) -> list[str]:
    while isinstance(query, exp.Subquery | exp.SetOperation):
        query = query.this
    return [name for item in query.expressions for name in _of_item(item, query)]


def _of_item(item: exp.Expression, query: exp.Expression) -> list[str]:
    if isinstance(item, exp.Alias) or (isinstance(item, exp.Column) and not item.is_star):
        return [fold(item.alias_or_name)]
    if not item.is_star or any(
        join.args.get("using") or join.args.get("method") for join in query.args.get("joins") or ()
    ):
        raise unsupported("a subquery with columns that have no name, where they must be known")
    sources = [source.this for source in [query.args["from_"], *(query.args.get("joins") or ())]]
    wanted = fold(item.table) if isinstance(item, exp.Column) else ""
    return [name for source in sources if wanted in ("", fold(source.alias_or_name)) for name in columns_of(source)]
