"""MERGE ... REMOVE DUPLICATES, which neither sqlglot nor PostgreSQL knows. Here because a case demands it.

The rows of the target that match are replaced by the source's; source rows without a match are inserted.
"""

from __future__ import annotations

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite import queries
from sandbox.redshift.rewrite.dialect import generate, parse, tokenize
from sandbox.redshift.rewrite.scan import Piece
from sandbox.redshift.rewrite.tables import relation
from sandbox.redshift.statement import Statement


def remove_duplicates(piece: Piece) -> Statement:
    """One statement: PostgreSQL's MERGE removes what matches, and fails where several source rows match one row.

    The UNION of nothing proves that both tables have the same number of columns, of types that go together.
    """
    tree = parse([*piece.part(0, -2).tokens, *tokenize("WHEN MATCHED THEN DELETE")], piece.source)
    if not isinstance(tree, exp.Merge) or len(tree.args["whens"].expressions) > 1:
        raise RedshiftError("42601", "REMOVE DUPLICATES stands in place of the WHEN clauses of a MERGE")
    source = tree.args["using"]
    if not isinstance(source, exp.Table):
        raise unsupported("MERGE from anything but a table")
    using, condition = (generate(queries.rewrite(tree.args[part].copy())) for part in ("using", "on"))
    source.set("alias", None)
    target = relation(tree.this)
    if tree.this.alias or target == generate(queries.rewrite(source.copy())):
        raise RedshiftError("0A000", "MERGE takes a target without an alias and a source that is another table")
    removing = f"MERGE INTO {target} USING {using} ON {condition} WHEN MATCHED THEN DELETE"
    rows = f"SELECT * FROM {using} UNION ALL SELECT * FROM {target} WHERE false"  # noqa: S608  # generated of a tree
    return Statement(f'WITH "remove duplicates" AS ({removing}) INSERT INTO {target} {rows}', tag="MERGE")
