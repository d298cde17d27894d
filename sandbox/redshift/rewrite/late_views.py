"""Late-binding views, CREATE VIEW ... WITH NO SCHEMA BINDING. A case demands them, and dbt makes them (`bind: false`).

PostgreSQL's views are bound to their tables. So it gets a view without columns, for the name, the owner and the rights,
and the query is kept as text (catalogue/82_late_views.sql): it stands, as a subquery, wherever a statement names the
view. The tables are read with the rights of who reads the view, not with its owner's.
"""

from __future__ import annotations

import json
import threading
from typing import Any, cast

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite import scopes
from sandbox.redshift.rewrite.dialect import parse, tokenize
from sandbox.redshift.rewrite.relations import common_table
from sandbox.redshift.rewrite.scan import fold

# set once there may be such views: until then no statement is held up by asking for them
exist = threading.Event()

_CATALOGUES = ("pg_catalog", "information_schema")


def expand(tree: exp.Expression, within: tuple[str, ...] = ()) -> None:
    """Puts, in place, the queries of late-binding views where a statement reads them; raises UnknownColumns."""
    for table in list(tree.find_all(exp.Table)) if exist.is_set() else ():
        definition = _definition(table)
        if definition is None:
            continue
        if {key for key, value in table.args.items() if value} - {"this", "db", "catalog", "alias", "pivots"}:
            raise unsupported("this use of a late-binding view")
        if definition["query"] in within:
            raise RedshiftError("42P17", f'infinite recursion in the late-binding view "{fold(table.name)}"')
        query = parse(tokenize(definition["query"]), definition["query"])
        expand(query, (*within, definition["query"]))
        for column in tree.find_all(exp.Column) if table.db and not table.alias else ():
            if (fold(column.text("db")), fold(column.table)) == (fold(table.db), fold(table.name)):
                column.set("db", None)
        renamed = table.args["alias"].columns if table.alias else []
        names = [*renamed, *map(exp.to_identifier, definition["columns"][len(renamed) :])]
        alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name, quoted=True), columns=names)
        table.replace(exp.Subquery(this=query, alias=alias, pivots=table.args.get("pivots")))


def refuse(query: exp.Expression, what: str) -> None:
    """Refuses a query that reads a late-binding view: what is made of it would be bound to the view's tables."""
    if exist.is_set() and any(_definition(table) for table in query.find_all(exp.Table)):
        raise unsupported(f"{what} of a late-binding view")


def _definition(table: exp.Table) -> dict[str, Any] | None:
    """What stands for a relation that a statement reads; None if it is no late-binding view."""
    reads = isinstance(table.parent, exp.From | exp.Join) or table.arg_key == "using"
    if not reads or fold(table.db) in _CATALOGUES or not isinstance(table.this, exp.Identifier) or common_table(table):
        return None
    definition = scopes.late_view(table)
    return cast(dict[str, Any], json.loads(definition)) if definition else None
