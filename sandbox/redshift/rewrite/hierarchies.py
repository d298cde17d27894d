"""START WITH ... CONNECT BY: a recursive common table expression. Here because a case demands it.

WHERE and all else of the query see the hierarchy's rows, with LEVEL for one more column. Rows that go round in a circle
end in a refusal: what Redshift does then is nowhere told.
"""

from __future__ import annotations

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite.dialect import call
from sandbox.redshift.rewrite.relations import columns_of

_ROW, _PARENT, _HIERARCHY, _PATH = "?row?", "?parent?", "?hierarchy?", "?path?"
_LEVEL = "level"


def descend(select: exp.Select) -> None:
    """Rewrites, in place, a query with CONNECT BY."""
    connect, relation = select.args["connect"], select.args["from_"].this
    if select.args.get("joins"):
        raise unsupported("CONNECT BY of a join", hint="Give it a subquery that joins.")
    names = columns_of(relation)
    if _LEVEL in names:
        raise unsupported("CONNECT BY over a relation with a column named level")
    if any(column.name in ("prior", "connect_by_root") and not column.table for column in select.find_all(exp.Column)):
        raise unsupported("PRIOR and CONNECT_BY_ROOT outside the clause CONNECT BY")
    alias = relation.alias_or_name
    start, condition = connect.args.get("start"), connect.args["connect"]
    for column in connect.find_all(exp.Column):
        if column.name not in (*names, _LEVEL) or column.table not in ("", alias):
            raise unsupported(f'CONNECT BY with the column "{column.name}", which is not its own relation\'s')
    inside = _hierarchy(relation, start, condition, names)
    select.set("connect", None)
    select.set("from_", exp.From(this=exp.Subquery(this=inside, alias=_alias(alias) if alias else None)))
    for item in list(select.expressions):
        if item.is_star and isinstance(item, exp.Star | exp.Column):
            item.replace([exp.column(name, table=alias or None, quoted=True) for name in names])


def _hierarchy(
    relation: exp.Expression, start: exp.Expression | None, condition: exp.Expression, names: list[str]
) -> exp.Select:
    """All rows in reach, each with its level."""
    rows = relation.copy()
    rows.set("alias", _alias(_ROW, relation.args["alias"].columns if relation.args.get("alias") else []))
    roots = _rows(names, exp.Literal.number(1), exp.Null(), rows)
    roots.set("where", exp.Where(this=_of_row(start)) if start else None)
    next_level = exp.Add(this=exp.column(_LEVEL, _PARENT), expression=exp.Literal.number(1))
    parents = exp.to_table(_HIERARCHY)
    parents.set("alias", _alias(_PARENT))
    children = _rows(names, next_level, exp.column(_PATH, _PARENT), parents)
    on = _between_rows(condition, next_level)
    children.set("joins", [exp.Join(this=rows.copy(), on=on)])
    every = exp.union(roots, children, distinct=False, copy=False)
    with_ = exp.With(recursive=True, expressions=[exp.CTE(this=every, alias=_alias(_HIERARCHY))])
    listed = [exp.column(name, quoted=True) for name in (*names, _LEVEL)]
    return exp.Select(expressions=listed, from_=exp.From(this=exp.to_table(_HIERARCHY)), with_=with_)


def _alias(name: str, columns: list[exp.Expression] | None = None) -> exp.TableAlias:
    return exp.TableAlias(
        this=exp.to_identifier(name, quoted=True), columns=[column.copy() for column in columns or ()]
    )


def _rows(names: list[str], level: exp.Expression, path: exp.Expression, source: exp.Expression) -> exp.Select:
    items = [exp.column(name, _ROW, quoted=True) for name in names]
    path = call("pg_redshift.hierarchy_path", path, exp.column(_ROW, quoted=True))
    named = [exp.alias_(level.copy(), _LEVEL, quoted=True), exp.alias_(path, _PATH, quoted=True)]
    return exp.Select(expressions=[*items, *named], from_=exp.From(this=source))


def _of_row(condition: exp.Expression) -> exp.Expression:
    """A condition whose columns are those of a row."""
    if condition.find(exp.Query):
        raise unsupported("CONNECT BY with a subquery in its conditions")
    condition = condition.copy()
    for column in condition.find_all(exp.Column):
        column.set("db", None)
        column.set("table", exp.to_identifier(_ROW, quoted=True))
    return condition


def _between_rows(condition: exp.Expression, level: exp.Expression) -> exp.Expression:
    """CONNECT BY's condition on a row and the one above it, which PRIOR stands for."""
    root = exp.Paren(this=_of_row(condition))
    priors = list(root.find_all(exp.Prior))
    if not priors:
        raise RedshiftError("42601", "CONNECT BY needs a condition with PRIOR")
    for prior in priors:
        for column in prior.find_all(exp.Column):
            column.set("table", exp.to_identifier(_PARENT, quoted=True))
        prior.replace(exp.Paren(this=prior.this))
    for column in list(root.find_all(exp.Column)):
        if column.name == _LEVEL and column.table == _ROW:
            column.replace(exp.Paren(this=level.copy()))
    return root
