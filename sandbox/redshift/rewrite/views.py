"""Views: bound to their tables, late-binding, and materialized."""

from __future__ import annotations

import json

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite import late_views, queries
from sandbox.redshift.rewrite.dialect import generate, parse
from sandbox.redshift.rewrite.relations import common_table
from sandbox.redshift.rewrite.scan import Piece, fold, literal, quote, syntax_error
from sandbox.redshift.rewrite.tables import named, relation
from sandbox.redshift.statement import Statement


def create_view(piece: Piece, tree: exp.Create) -> Statement:
    """CREATE [OR REPLACE] VIEW."""
    if tree.args.get("properties") or tree.args.get("exists"):
        raise unsupported("this kind of view")
    if tree.args.get("no_schema_binding"):
        return _late_binding(piece, tree)
    target, columns = tree.this, ""
    if isinstance(target, exp.Schema):
        columns = f" ({', '.join(quote(column.name) for column in target.expressions)})"
        target = target.this
    if tree.expression is None:
        raise RedshiftError("42601", "syntax error at end of input")
    late_views.refuse(tree.expression, "a bound view")
    head = f"CREATE {'OR REPLACE ' if tree.args.get('replace') else ''}VIEW {relation(target)}{columns}"
    return Statement(f"{head} AS {generate(queries.rewrite(tree.expression, stored=True))}")


def _late_binding(piece: Piece, tree: exp.Create) -> Statement:
    """The view without columns, and what is to stand for it. What its query may hold is seen when it is read."""
    upper = piece.words()
    if upper[-4:] != ["WITH", "NO", "SCHEMA", "BINDING"] or tree.expression is None:
        raise syntax_error(piece, len(upper) - 1)
    tables = [table for table in tree.expression.find_all(exp.Table) if not common_table(table)]
    if not all(table.db for table in tables):
        message = "All the relation names inside should be qualified when creating VIEW WITH NO SCHEMA BINDING."
        raise RedshiftError("42601", message)
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    late_views.exist.set()
    definition = {
        "statement": f"{piece.text};",
        "query": piece.part(upper.index("AS") + 1, -4).text,
        "columns": [fold(column.name) for column in tree.this.expressions] if tree.this is not target else [],
        "schemas": sorted({fold(table.db) for table in tables}),
        "sql": _for_postgresql(tree.expression),
    }
    schema, given = literal(target.db) if target.db else "NULL", json.dumps(definition, ensure_ascii=False)
    head = f"CREATE {'OR REPLACE ' if tree.args.get('replace') else ''}VIEW {relation(target)}"
    return Statement(
        f"{head} AS SELECT WHERE pg_redshift.unbound()",
        after=(f"SELECT pg_redshift.record_late_view({schema}, {literal(target.name)}, {literal(given)})",),
    )


def _for_postgresql(query: exp.Expression) -> str | None:
    """What tells the columns and types that the view has; None where that cannot be known before it is read."""
    try:
        return generate(queries.rewrite(query.copy(), stored=True))
    except RedshiftError:
        return None


def materialized_view(piece: Piece, verb: str) -> Statement:
    """CREATE, DROP and REFRESH MATERIALIZED VIEW; one that refreshes itself is refused, as are keys."""
    upper = piece.words()
    if upper[2:3] != ["VIEW"]:
        raise syntax_error(piece, 2)
    if verb == "REFRESH":
        return Statement(f"REFRESH MATERIALIZED VIEW {relation(named(piece.part(3)))}")
    if verb == "DROP":
        at = 5 if upper[3:5] == ["IF", "EXISTS"] else 3
        return Statement(f"{' '.join(['DROP', *upper[1:at]])} {relation(named(piece.part(at)))}")
    start = upper.index("AS") if "AS" in upper else len(upper)
    end = 6 if upper[4:5] == ["."] else 4
    options = upper[end:start]
    if options[:1] == ["BACKUP"] and options[1:2] in (["YES"], ["NO"]):
        options = options[2:]
    if options not in ([], ["AUTO", "REFRESH", "NO"]):
        raise unsupported(f"CREATE MATERIALIZED VIEW with {options[0]}")
    if upper[start + 1 : start + 2] not in (["SELECT"], ["WITH"], ["("]):
        raise syntax_error(piece, start + 1)
    query = parse(piece.part(start + 1).tokens, piece.source)
    if query.args.get("order") or query.args.get("limit"):
        raise RedshiftError("0A000", "ORDER BY and LIMIT are not supported in a materialized view")
    late_views.refuse(query, "a materialized view")
    name = relation(named(piece.part(3, end)))
    return Statement(
        f"CREATE MATERIALIZED VIEW {name} AS {generate(queries.rewrite(query, stored=True))}",
        tag="CREATE MATERIALIZED VIEW",
    )
