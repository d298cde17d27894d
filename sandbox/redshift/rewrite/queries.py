"""Queries and DML as trees: checked against the allow-list, then rewritten node by node, innermost first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite import functions, names, types
from sandbox.redshift.rewrite.allowed import FUNCTIONS, LEADER_ONLY, NAMES, NODES

SetOperation = exp.Union | exp.Except | exp.Intersect


def rewrite(tree: exp.Expression) -> exp.Expression:
    """PostgreSQL's tree for Redshift's; raises 0A000 for what is not on the allow-list."""
    prepare(tree)
    nodes = cast(list[exp.Expression], list(tree.walk()))
    for node in nodes:
        check(node)
        if isinstance(node, exp.Anonymous | exp.CurrentSchema):
            _leader_only(node)
    # children come after their parents in the walk, so backwards every rule sees finished arguments
    for node in reversed(nodes):
        rule = _RULES.get(type(node))
        if rule:
            parent, key, index = node.parent, node.arg_key, node.index
            new = rule(node)
            if new is not None and new is not node:
                if parent is None:
                    tree = new
                else:
                    parent.set(cast(str, key), new, index)
    return tree


def lateral_names(tree: exp.Expression) -> frozenset[str]:
    """The aliases of select items that a later item of the same list names.

    On Redshift they mean the alias unless a table has such a column, in PostgreSQL always the column: where there is
    none, the query fails there and is refused by name.
    """
    found: set[str] = set()
    for select in tree.find_all(exp.Select):
        earlier: set[str] = set()
        for item in select.expressions:
            used = {column.name.lower() for column in item.find_all(exp.Column) if not column.table}
            found |= earlier & used
            if isinstance(item, exp.Alias):
                earlier.add(item.alias.lower())
    return frozenset(found)


def prepare(tree: exp.Expression) -> None:
    """Puts right what sqlglot parses into another shape than PostgreSQL's generator needs."""
    if isinstance(tree, exp.Delete) and not tree.this and len(tree.args.get("tables") or []) == 1:
        # DELETE without FROM
        tree.set("this", tree.args["tables"][0])
        tree.set("tables", None)
    if isinstance(tree, exp.Merge):
        for when in tree.args["whens"].expressions:
            then = when.args["then"]
            # `INSERT VALUES (...)` without a column list is read as a call of a function named values
            values = then.this.expressions[0] if isinstance(then.this, exp.Tuple) and not then.expression else None
            if isinstance(values, exp.Anonymous) and values.name.lower() == "values":
                when.set("then", exp.Insert(expression=exp.Tuple(expressions=values.expressions)))


def check(node: exp.Expression) -> None:
    """Refuses a node, or a clause of it, that is not on the allow-list."""
    kind = type(node)
    clauses = NODES.get(kind)
    if clauses is None:
        raise unsupported(NAMES.get(kind.__name__) or kind.key.upper())
    for name, value in node.args.items():
        if value and name not in clauses:
            known = f"{kind.__name__}.{name}"
            raise unsupported(NAMES.get(known) or f"the clause {name.rstrip('_').upper()} of {kind.key.upper()}")


def _call(node: exp.Anonymous) -> exp.Expression:
    name = node.name.lower()
    if name not in FUNCTIONS:
        raise unsupported(f"the function {name}()")
    if any(isinstance(argument, exp.Alias) for argument in node.expressions):
        raise RedshiftError("42601", f"syntax error in the arguments of {name}")
    node.set("this", name)
    return functions.rewrite_call(node)


def _leader_only(node: exp.Anonymous | exp.CurrentSchema) -> None:
    """A function of the leader node's may not stand in a query that reads users' tables."""
    name = "current_schema" if isinstance(node, exp.CurrentSchema) else node.name.lower()
    query = node.find_ancestor(exp.Query)
    if name in LEADER_ONLY and query and any(names.is_user_table(table) for table in query.find_all(exp.Table)):
        message = "Specified types or functions (one per INFO message) not supported on Amazon Redshift tables."
        raise RedshiftError("0A000", message, detail=f'Function "{name}" not supported.')


def _dot(node: exp.Dot) -> exp.Expression:
    """pg_catalog.f() is f(), so that the helper schema's f is found; any other qualified call is a user's function."""
    if isinstance(node.parent, exp.DataType):
        return node
    schema = node.this.name if isinstance(node.this, exp.Identifier) else ""
    if schema != "pg_catalog" or isinstance(node.expression, exp.Identifier):
        raise unsupported(f"{node.sql()} (functions of a schema, SUPER navigation)")
    return cast(exp.Expression, node.expression)


def _ilike(node: exp.ILike) -> None:
    """ILIKE folds ASCII letters alone, as PostgreSQL's does in collation C."""
    node.set("this", exp.Collate(this=exp.Paren(this=node.this), expression=exp.to_identifier("C", quoted=True)))


def _byte_string(node: exp.ByteString) -> exp.Expression:
    return exp.Literal.string(node.name)


def _except_or_intersect(node: SetOperation) -> None:
    if not node.args.get("distinct"):
        raise unsupported(f"{node.key.upper()} ALL")


def _distinct(node: exp.Distinct) -> None:
    if node.args.get("on"):
        raise unsupported("DISTINCT ON")


def _values(node: exp.Values) -> None:
    if not isinstance(node.parent, exp.Insert):
        raise unsupported("VALUES as a table")


def _boolean_test(node: exp.Is) -> None:
    if isinstance(node.expression, exp.Distinct):
        raise unsupported("IS DISTINCT FROM")
    place: Any = node
    while isinstance(place.parent, exp.Alias | exp.Paren | exp.Connector | exp.Not):
        place = place.parent
    # by the guide's page on BOOLEAN; inside CASE it is a condition, and works
    if (
        isinstance(node.expression, exp.Boolean)
        and isinstance(place.parent, exp.Select)
        and place.arg_key == "expressions"
    ):
        raise RedshiftError("0A000", "IS TRUE and IS FALSE are not supported in the select list", hint="Use = TRUE.")


def _var(node: exp.Var) -> None:
    """A bare word where sqlglot expects one: DEFAULT among values, a unit, an action of MERGE."""
    if isinstance(node.parent, exp.Tuple) and node.name.upper() != "DEFAULT":
        raise RedshiftError("42601", f'syntax error at or near "{node.name}"')


def _star(node: exp.Star) -> None:
    if isinstance(node.parent, exp.Anonymous) and node.parent.name.lower() != "count":
        raise RedshiftError("42601", 'syntax error at or near "*"')


def _merge(node: exp.Merge) -> None:
    """Redshift's MERGE has both WHEN clauses, each once, and a table for its source."""
    if not isinstance(node.args["using"], exp.Table):
        raise unsupported("MERGE from anything but a table")
    whens = node.args["whens"].expressions
    if [bool(when.args.get("matched")) for when in whens] != [True, False]:
        raise RedshiftError("42601", "MERGE takes WHEN MATCHED and WHEN NOT MATCHED, each once and in this order")


def _parameter(node: exp.Parameter) -> None:
    if not node.this.is_number:
        raise unsupported("the operator @")


def _select(node: exp.Select) -> exp.Expression:
    values = node.find_ancestor(exp.Values)
    if values and len(values.expressions) > 1:
        raise RedshiftError("0A000", "subqueries in multi-row VALUES are not supported")
    if node.args.get("into") and node.parent:
        raise RedshiftError("42601", "SELECT INTO is not allowed here")
    name_columns(node)
    return qualify(node) if node.args.get("qualify") else node


def name_columns(node: exp.Select) -> None:
    """Gives select items their default column name on Redshift where the rewritten one would have another."""
    for item in node.expressions:
        if "column" in item.meta:
            item.replace(exp.alias_(item.copy(), item.meta["column"], quoted=True))


def qualify(node: exp.Select) -> exp.Expression:
    """QUALIFY as a WHERE around the query: its condition becomes a hidden column there."""
    named = {item.alias: item.this for item in node.expressions if isinstance(item, exp.Alias)}
    outputs = [item.alias_or_name for item in node.expressions]
    if not all(outputs) or any(item.is_star for item in node.expressions) or len(set(outputs)) < len(outputs):
        raise unsupported("QUALIFY without a name of its own for every column")
    order = node.args.get("order")
    for ordered in order.expressions if order else []:
        if not (ordered.this.is_number or (isinstance(ordered.this, exp.Column) and ordered.this.name in outputs)):
            raise unsupported("QUALIFY with ORDER BY something not selected")
        if isinstance(ordered.this, exp.Column):
            ordered.this.set("table", None)
            ordered.this.set("db", None)
    condition = node.args["qualify"].this.copy()
    for column in list(condition.find_all(exp.Column)):
        if not column.table and column.name in named and named[column.name].find(exp.Window):
            column.replace(exp.Paren(this=named[column.name].copy()))
    clauses = {key: node.args.get(key) for key in ("distinct", "order", "limit", "offset")}
    for key in ("qualify", *clauses):
        node.set(key, None)
    hidden = "?qualify?"
    with_ = node.args.get("with_")
    node.set("with_", None)
    node.append("expressions", exp.alias_(exp.Paren(this=condition), hidden, quoted=True))
    outer = exp.Select(expressions=[exp.column(name, quoted=True) for name in outputs])
    outer.set("with_", with_)
    outer.set("from_", exp.From(this=node.copy().subquery("qualified")))
    outer.set("where", exp.Where(this=exp.column(hidden, quoted=True)))
    for key, value in clauses.items():
        outer.set(key, value)
    return outer


_RULES: dict[type[Any], Callable[[Any], exp.Expression | None]] = {
    exp.Anonymous: _call,
    exp.ByteString: _byte_string,
    exp.Column: names.column,
    exp.DataType: types.data_type,
    exp.Distinct: _distinct,
    exp.Dot: _dot,
    exp.Except: _except_or_intersect,
    exp.Extract: functions.extract,
    exp.ILike: _ilike,
    exp.Identifier: names.identifier,
    exp.Intersect: _except_or_intersect,
    exp.Is: _boolean_test,
    exp.Merge: _merge,
    exp.ObjectIdentifier: types.object_identifier,
    exp.Parameter: _parameter,
    exp.Select: _select,
    exp.Star: _star,
    exp.Table: names.table,
    exp.Values: _values,
    exp.Var: _var,
    exp.Window: functions.window,
    exp.WithinGroup: functions.within_group,
}
