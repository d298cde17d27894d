"""What a statement's names stand for: the columns in reach of each query, their numeric types, and lateral aliases.

Few statements need that: those that divide what may be DECIMALs, take one of several (CASE, COALESCE, UNION), or name
an alias of their own SELECT list. Reading one of them without its relations' columns raises `UnknownColumns`; the
session asks PostgreSQL for these (`COLUMNS`) and has the statement planned once more, with the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from sqlglot import exp

from sandbox.redshift.errors import unsupported
from sandbox.redshift.rewrite import decimals
from sandbox.redshift.rewrite.decimals import ASKED, UNKNOWN, Types
from sandbox.redshift.rewrite.scan import fold
from sandbox.redshift.rewrite.scopes import (
    ASKED_COLUMNS,
    Columns,
    Ctes,
    Scope,
    Selected,
    UnknownColumns,
    all_of,
    columns_of,
    question,
    renamed,
)


def read(tree: exp.Expression, stored: bool = False) -> None:
    """Writes down the numeric types of a statement's expressions and puts its lateral aliases' expressions in.

    stored: it is the query of a table, a view or an UNLOAD, whose columns are to be declared as on Redshift.
    """
    reader = _Reader(tree)
    columns = reader.statement()
    if stored:
        reader.conform(tree, columns, stored=True)


# names that give way to a cast's
_NO_NAMES = ("", "?column?", "case")


class _Reader:
    """Reads one statement, innermost queries first."""

    def __init__(self, tree: exp.Expression) -> None:
        self._tree = tree

    def statement(self) -> Columns:
        """The columns of the statement, if it is a query."""
        tree = self._tree
        if isinstance(tree, exp.Query):
            return self._query(tree, {}, None)
        using = tree.args.get("using")
        from_ = tree.args.get("from_")
        sources = [tree.this, *(using if isinstance(using, list) else [using]), from_.this if from_ else None]
        ctes = self._with(tree, {}, None)
        relations = [node for node in sources if isinstance(node, exp.Table | exp.Subquery)]
        self._expressions(tree, ctes, self._scope(relations, ctes, None))
        return None

    def conform(self, query: exp.Expression, columns: Columns, stored: bool = False) -> None:
        """Gives what a query selects these types: always where it is stored, else where a scale would change."""
        if isinstance(query, exp.SetOperation):
            self.conform(query.this, columns, stored)
            self.conform(query.expression, columns, stored)
        elif isinstance(query, exp.Subquery):
            self.conform(query.this, columns, stored)
        elif isinstance(query, exp.Select) and columns and len(columns) == len(query.meta["columns"] or ()):
            own = [types for _, types in query.meta["columns"]]
            shared = [types for _, types in columns]
            if any(item.is_star for item in query.expressions):
                if not any(_is_recast(types, other, stored) for types, other in zip(own, shared, strict=True)):
                    shared = [decimals.types_of(item) for item in query.expressions]
                else:
                    query.set("expressions", query.meta["selected"])
            for item, types in zip(list(query.expressions), shared, strict=True):
                self._conform_item(item, types, stored)

    def _conform_item(self, item: exp.Expression, types: Types, stored: bool) -> None:
        value = item.this if isinstance(item, exp.Alias) else item
        undeclared = stored and not isinstance(value, exp.Column | exp.Cast | exp.Div)
        if undeclared and ASKED in types:
            raise self._question()
        if undeclared or _is_recast(decimals.types_of(value), types, stored):
            name, declared = _default_name(item), decimals.declare(value, types)
            if name and value is item and declared is not item:
                declared.meta["column"] = name

    def _query(self, query: exp.Expression, ctes: Ctes, outer: Scope | None) -> Columns:
        """Reads a query; its columns."""
        ctes = self._with(query, ctes, outer)
        if isinstance(query, exp.Subquery):
            return self._query(query.this, ctes, outer)
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query, ctes, outer)
        return self._select(query, ctes, outer) if isinstance(query, exp.Select) else None

    def _set_operation(self, query: exp.SetOperation, ctes: Ctes, outer: Scope | None) -> Columns:
        left, right = (self._query(side, ctes, outer) for side in (query.this, query.expression))
        columns = [
            (name, decimals.united(types, others))
            for (name, types), (_, others) in zip(left or [], right or [], strict=False)
        ]
        if ASKED_COLUMNS in (left, right) or any(ASKED in types for _, types in columns):
            raise self._question()
        self.conform(query, columns)
        return columns or None

    def _select(self, query: exp.Select, ctes: Ctes, outer: Scope | None) -> Columns:
        from_ = query.args.get("from_")
        sources = [*([from_] if from_ else []), *(query.args.get("joins") or [])]
        scope = self._scope([source.this for source in sources], ctes, outer)
        self._lateral_aliases(query, scope)
        self._expressions(query, ctes, scope)
        selected: list[Selected] = []
        for item in query.expressions:
            if not item.is_star:
                selected.append((fold(item.alias_or_name), decimals.types_of(item), item))
                continue
            table = fold(item.table) if isinstance(item, exp.Column) else ""
            for name, listed in scope.relations.items():
                if table in ("", name) and (listed is None or listed == ASKED_COLUMNS):
                    query.meta["columns"] = listed
                    return listed
            selected += all_of(scope, table, query.args.get("joins") or [])
        columns = [(name, types) for name, types, _ in selected]
        query.meta.update(columns=columns, selected=[node for _, _, node in selected])
        return columns

    def _with(self, query: exp.Expression, ctes: Ctes, outer: Scope | None) -> Ctes:
        with_ = query.args.get("with_")
        for cte in with_.expressions if with_ else ():
            name, inner = fold(cte.alias), ctes
            if cte.parent.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
                inner = {**ctes, name: renamed(self._query(cte.this.this, ctes, outer), cte)}
            ctes = {**ctes, name: renamed(self._query(cte.this, inner, outer), cte)}
        return ctes

    def _scope(self, sources: Sequence[exp.Expression], ctes: Ctes, outer: Scope | None) -> Scope:
        scope = Scope({}, outer)
        for place, node in enumerate(sources):
            columns: Columns = None
            if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
                name = fold(node.name)
                columns = ctes[name] if not node.db and name in ctes else columns_of(node)
            elif isinstance(node, exp.Subquery):
                columns = self._query(node, ctes, outer)
            scope.relations[fold(node.alias_or_name) or f"?{place}"] = renamed(columns, node)
        return scope

    def _lateral_aliases(self, select: exp.Select, scope: Scope) -> None:
        """A column no relation has means the alias of that name earlier in the list: its expression is put there."""
        aliases = scope.aliases
        for item in list(select.expressions):
            name = _default_name(item)
            for column in [] if isinstance(item, exp.Query) else list(_within(item)):
                if not self._means_alias(column, scope):
                    continue
                meant = exp.Paren(this=cast(exp.Expression, aliases[fold(column.name)]).copy())
                column.replace(meant)
                item = meant if column is item else item  # noqa: PLW2901
            if isinstance(item, exp.Alias):
                alias = fold(item.alias)
                aliases[alias] = item.this if aliases.get(alias, item.this) == item.this else None
            elif name != _default_name(item):
                item.replace(exp.alias_(item.copy(), name, quoted=True))

    def _means_alias(self, node: exp.Expression, scope: Scope, nested: bool = False) -> bool:
        """Whether a name stands for an alias earlier in the scope's SELECT list; refused in a nested query."""
        name = fold(node.name) if isinstance(node, exp.Column) and not node.table else ""
        if name not in scope.aliases:
            return False
        meant = scope.aliases[name]
        if isinstance(meant, exp.Column) and fold(meant.name) == name:
            return False  # `t.a AS a`: there is such a column
        types = scope.find(name)
        if types and ASKED in types:
            raise self._question()
        if types is None and (meant is None or nested):
            raise unsupported(
                f'the alias "{name}" here', "Repeat the expression, or select from a subquery that has it."
            )
        return types is None

    def _expressions(self, tree: exp.Expression, ctes: Ctes, scope: Scope) -> None:
        """Writes down the types of all expressions that see this scope."""
        for node in reversed(list(_within(tree))):
            if isinstance(node, exp.Query) and node is not tree:
                if node.arg_key != "this" or not isinstance(node.parent, exp.From | exp.Join):
                    columns = self._query(node, ctes, scope)
                    node.meta["types"] = columns[0][1] if columns else UNKNOWN
            elif isinstance(node, exp.Column):
                node.meta["types"] = self._types(node, scope)
            else:
                types = node.meta["types"] = decimals.reckon(node)
                parts = decimals.alternatives(node)
                if ASKED in types and (len(parts) > 1 or isinstance(node, exp.Div)):
                    raise self._question()
                for part in parts:
                    if decimals.is_rescaled(decimals.types_of(part), types):
                        decimals.declare(part, types)

    def _types(self, column: exp.Column, scope: Scope) -> Types:
        name, table = fold(column.name), fold(column.table)
        seen: Scope | None = scope
        types: Types | None = None
        while seen and (types is None or ASKED in types):
            if seen is not scope:
                self._means_alias(column, seen, nested=True)
            if types is None and (not table or table in seen.relations):
                types = seen.find(name, table)
            seen = seen.outer
        return types or UNKNOWN

    def _question(self) -> UnknownColumns:
        return question(self._tree)


def _is_recast(types: Types, shared: Types, stored: bool) -> bool:
    """Whether a value of these types is to be cast where it gets the types it shares with others."""
    return decimals.is_rescaled(types, shared) or (stored and types != shared)


def _within(tree: exp.Expression) -> Iterator[exp.Expression]:
    """The nodes of a query, parents first, without what is inside other queries."""
    return tree.walk(prune=lambda node: node is not tree and isinstance(node, exp.Query | exp.With))  # type: ignore[return-value]


def _default_name(item: exp.Expression) -> str:
    """The name of a select item without an alias; "" where it is that of a call or a type."""
    if isinstance(item, exp.Column):
        return fold(item.name)
    if isinstance(item, exp.Paren):
        return _default_name(item.this)
    if isinstance(item, exp.Cast):
        inner = _default_name(item.this)
        return "" if inner in _NO_NAMES else inner
    if isinstance(item, exp.Case):
        default = item.args.get("default")
        inner = _default_name(default) if default is not None else ""
        return "case" if inner in _NO_NAMES else inner
    return "?column?" if isinstance(item, exp.Literal | exp.Binary | exp.Unary) else ""
