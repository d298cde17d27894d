"""SUPER in queries: paths like `t.items[0].name`, and arrays in FROM, `FROM t, t.items AS item AT place`.

Here because cases demand it. The functions they become, and what a SUPER is, stand in catalogue/55_super.sql.
"""

from __future__ import annotations

from typing import cast

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite.dialect import call

_HELPER = "pg_redshift.super_"


def navigate(tree: exp.Expression) -> None:
    """Puts calls, in place, where paths stand; the last thing done to a tree, whose names are folded by then."""
    for select in tree.find_all(exp.Select):
        _unnest(select)
    nodes = list(tree.walk())
    relations = {node.alias_or_name for node in nodes if isinstance(node, exp.Table | exp.Subquery)}
    paths = [_path(node, relations) for node in reversed(nodes) if isinstance(node, exp.Column | exp.Bracket | exp.Dot)]
    if not any(paths):
        return
    for select in tree.find_all(exp.Select):
        for item in list(select.expressions):
            value = item.unnest()
            while isinstance(value, exp.Cast):
                value = value.this.unnest()
            if "path" in value.meta:
                item.replace(exp.alias_(item.copy(), value.meta["path"], quoted=True))


def _unnest(select: exp.Select) -> None:
    """Each array in FROM becomes a function's rows, of one column named as it is, and one for its place."""
    variables: set[str] = set()
    for join in select.args.get("joins") or ():
        item, place = join.this, ""
        if isinstance(item, exp.AtIndex):
            item, place = item.this, item.expression.name
        if isinstance(item, exp.Unnest) and not item.alias and item.args.get("alias"):
            [source], [variable] = item.expressions, [column.name for column in item.args["alias"].columns]
        elif isinstance(item, exp.Alias):
            source, variable = item.this, item.alias
        elif isinstance(item, exp.Table) and (item.db or item.name) in variables and item.alias:
            source, variable = exp.column(item.name, item.db or None, quoted=True), item.alias
        elif isinstance(item, exp.Table | exp.Subquery) and not place:
            continue
        else:
            raise unsupported("this form of unnesting")
        if any(value for key, value in join.args.items() if key != "this"):
            raise unsupported("unnesting in a JOIN")
        variables.add(variable)
        columns = [exp.to_identifier(name, quoted=True) for name in (variable, place) if name]
        alias = exp.TableAlias(this=exp.to_identifier(f"?{variable}?", quoted=True), columns=columns)
        rows = call(f"{_HELPER}elements_at" if place else f"{_HELPER}elements", source.copy())
        join.set("this", exp.Table(this=rows, alias=alias))


def _path(node: exp.Expression, relations: set[str]) -> bool:
    """Puts calls in the place of a path or one step of it, and writes down its name; whether it is one."""
    if isinstance(node, exp.Bracket):
        new, name = _element(node), node.this.meta.get("path", node.this.name)
    elif isinstance(node, exp.Dot):
        if isinstance(node.parent, exp.DataType):
            return False
        new, name = _attribute(node.this, node.name), node.name
    else:
        parts = [part.name for part in cast(exp.Column, node).parts]
        # one whose qualifiers are no relation's is of a column of a relation, or of a column alone
        if len(parts) == 1 or parts[-2] in relations or isinstance(node.this, exp.Star) or not relations:
            return False
        if len(parts) > 3 and parts[0] not in relations:
            raise RedshiftError("0A000", f'cross-database references are not supported ("{parts[0]}")')
        start, name = 2 if parts[0] in relations else 1, parts[-1]
        new = exp.column(*reversed(parts[:start]), quoted=True)
        for attribute in parts[start:]:
            new = _attribute(new, attribute)
    new.meta["path"] = name
    node.replace(new)
    return True


def _attribute(value: exp.Expression, name: str) -> exp.Expression:
    return call(f"{_HELPER}get", value.copy(), exp.Literal.string(name))


def _element(step: exp.Bracket) -> exp.Expression:
    [place] = step.expressions
    if not isinstance(place, exp.Literal):
        raise unsupported("a SUPER path with anything but a number or a string in brackets")
    return call(f"{_HELPER}get" if place.is_string else f"{_HELPER}at", step.this.copy(), place.copy())
