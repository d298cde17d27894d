"""Views: bound to their tables, and materialized."""

from __future__ import annotations

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite import queries
from sandbox.redshift.rewrite.dialect import generate, parse
from sandbox.redshift.rewrite.scan import Piece, quote, syntax_error
from sandbox.redshift.rewrite.tables import named, relation
from sandbox.redshift.statement import Statement


def create_view(tree: exp.Create) -> Statement:
    """CREATE [OR REPLACE] VIEW."""
    if tree.args.get("no_schema_binding"):
        raise unsupported("views WITH NO SCHEMA BINDING")
    if tree.args.get("properties") or tree.args.get("exists"):
        raise unsupported("this kind of view")
    target, columns = tree.this, ""
    if isinstance(target, exp.Schema):
        columns = f" ({', '.join(quote(column.name) for column in target.expressions)})"
        target = target.this
    if tree.expression is None:
        raise RedshiftError("42601", "syntax error at end of input")
    head = f"CREATE {'OR REPLACE ' if tree.args.get('replace') else ''}VIEW {relation(target)}{columns}"
    return Statement(f"{head} AS {generate(queries.rewrite(tree.expression))}")


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
    name = relation(named(piece.part(3, end)))
    return Statement(
        f"CREATE MATERIALIZED VIEW {name} AS {generate(queries.rewrite(query))}", tag="CREATE MATERIALIZED VIEW"
    )
