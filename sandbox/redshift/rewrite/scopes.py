"""What can be named in a query: the columns of its relations, as the catalogue or a query before has them."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import functools
from collections.abc import Iterator
from typing import cast

from sqlglot import exp

from sandbox.redshift.rewrite import decimals, names
from sandbox.redshift.rewrite.decimals import ASKED, UNKNOWN, Types
from sandbox.redshift.rewrite.scan import fold, quote
from sandbox.redshift.statement import Rows

COLUMNS = "SELECT * FROM pg_redshift_store.columns_of($1)"

# columns in their order; None where nothing is known of them
Columns = list[tuple[str, Types]] | None
Known = dict[str, list[tuple[str, Types]]]

_known: contextvars.ContextVar[Known | None] = contextvars.ContextVar("known", default=None)
# how relations without columns are defined that are late-binding views; None for all others
_late_views: contextvars.ContextVar[dict[str, str | None] | None] = contextvars.ContextVar("late_views", default=None)


class UnknownColumns(Exception):  # noqa: N818  # a question, not an error
    """A statement cannot be read without the columns of these relations."""

    def __init__(self, relations: tuple[str, ...]) -> None:
        super().__init__(relations)
        self.relations = relations


@contextlib.contextmanager
def given(rows: Rows) -> Iterator[None]:
    """Statements planned meanwhile are read with these rows of COLUMNS."""
    known: Known = {}
    late_views: dict[str, str | None] = {}
    for relation, name, written in rows:
        if name is None:
            late_views[str(relation)] = written
        else:
            known.setdefault(str(relation), []).append((name, decimals.declared(str(written))))
    tokens = _known.set(known), _late_views.set(late_views)
    try:
        yield
    finally:
        _known.reset(tokens[0])
        _late_views.reset(tokens[1])


ASKED_COLUMNS: Columns = [("", frozenset({ASKED}))]
Ctes = dict[str, Columns]
# a column of a query: its name, its types and the expression
Selected = tuple[str, Types, exp.Expression]


@dataclasses.dataclass
class Scope:
    """What an expression can name: columns of relations, by the relations' names there, and what the query around sees.

    aliases: those of the SELECT list, with what they stand for; None where two have the name.
    """

    relations: dict[str, Columns] = dataclasses.field(default_factory=dict)
    outer: Scope | None = None
    aliases: dict[str, exp.Expression | None] = dataclasses.field(default_factory=dict)

    def find(self, name: str, relation: str = "") -> Types | None:
        """The types of a column of that name; None where there is none."""
        found = []
        for columns in [self.relations[relation]] if relation else self.relations.values():
            if columns is None:
                return UNKNOWN
            if columns == ASKED_COLUMNS:
                return frozenset({ASKED})
            found += [types for column, types in columns if column == name]
        # one that USING joins by is one column; any other name of two is an error
        return functools.reduce(decimals.united, found) if found else None


def renamed(columns: Columns, node: exp.Expression) -> Columns:
    """Columns under the names of `AS alias (a, b)`."""
    alias = node.args.get("alias")
    new = [fold(column.name) for column in alias.args.get("columns") or ()] if alias else []
    if not new or columns is None or columns == ASKED_COLUMNS:
        return columns
    return [*zip(new, [types for _, types in columns], strict=False), *columns[len(new) :]]


def relation_name(table: exp.Table) -> str:
    """A relation's name as PostgreSQL is asked for it."""
    name, schema = fold(table.name), fold(table.db)
    schema = names.system_relation(schema, name) or schema
    return ".".join(quote(part) for part in (schema, name) if part)


def all_of(scope: Scope, table: str, joins: list[exp.Join]) -> list[Selected]:
    """What `*`, or `table.*`, stands for; columns that USING or NATURAL joins by come once and first."""
    columns: list[Selected] = []
    for place, (relation, listed) in enumerate(scope.relations.items()):
        if table not in ("", relation):
            continue
        owner = None if relation.startswith("?") else relation
        new = [(name, types, _column(name, types, owner)) for name, types in listed or ()]
        join = joins[place - 1] if place and not table and len(joins) >= place else exp.Join()
        merged = [fold(column.name) for column in join.args.get("using") or ()]
        if join.text("method").upper() == "NATURAL":
            merged = [name for name, *_ in columns if name in {name for name, *_ in new}]
        both = {name: types for name, types, _ in [*new, *columns] if name in merged}
        once: list[Selected] = [(name, both[name], _column(name, both[name], None)) for name in merged if name in both]
        columns = [*once, *(column for column in [*columns, *new] if column[0] not in both)]
    return columns


def _column(name: str, types: Types, relation: str | None) -> exp.Column:
    column = exp.column(name, table=relation, quoted=True)
    column.meta["types"] = types
    return column


def columns_of(table: exp.Table) -> Columns:
    """The columns of a relation of the catalogue."""
    known = _known.get()
    return ASKED_COLUMNS if known is None else known.get(relation_name(table))


def question(tree: exp.Expression, *others: str) -> UnknownColumns:
    """What to ask of a statement's relations, and of others."""
    ctes = {fold(cte.alias) for cte in tree.find_all(exp.CTE)}
    tables = [table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
    relations = {relation_name(table) for table in tables if table.db or fold(table.name) not in ctes}
    return UnknownColumns(tuple(sorted({*relations, *others})))


def names_of(table: exp.Table) -> list[str]:
    """Names of the columns of a relation of the catalogue, none if there is no such; raises UnknownColumns."""
    if _known.get() is None:
        raise question(cast(exp.Expression, table.root()))
    return [name for name, _ in columns_of(table) or ()]


def late_view(table: exp.Table) -> str | None:
    """How a late-binding view is defined; None for any other relation, and for one that is not there."""
    name, views = relation_name(table), _late_views.get() or {}
    asked = {*(_known.get() or ()), *views}
    if name not in asked:
        raise question(cast(exp.Expression, table.root()), name, *asked)
    return views.get(name)
