"""Redshift's SQL made PostgreSQL's: `plan` splits a text into statements and says for each what PostgreSQL is to run.

Words first: a statement known by its first words has a handler in `words`. All others are parsed: tables go to
`tables`, queries and DML to `queries`. What no rule knows is refused by name; nothing passes unread.
"""

from __future__ import annotations

import functools
import json

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite import catalogue, late_views, merge, names, queries, scopes, tables, views, words
from sandbox.redshift.rewrite.dialect import generate, parse
from sandbox.redshift.rewrite.scan import Piece, split, syntax_error
from sandbox.redshift.statement import CASE_SENSITIVE, Rows, Statement

# longer texts are bulk INSERTs with values in them: they do not come again and would crowd out those that do
LONGEST_CACHED = 100_000


def plan(sql: str) -> list[Statement]:
    """The statements of a text for PostgreSQL; raises RedshiftError (42601 syntax, 0A000 what the sandbox refuses)."""
    state = CASE_SENSITIVE.get(), late_views.exist.is_set()
    return list(_remembered(sql, *state) if len(sql) <= LONGEST_CACHED else _plan(sql))


def _plan(sql: str, *_: bool) -> tuple[Statement, ...]:
    return tuple(_planned(piece) for piece in split(sql))


_remembered = functools.lru_cache(maxsize=2000)(_plan)


def _planned(piece: Piece) -> Statement:
    try:
        return statement(piece)
    except scopes.UnknownColumns as question:
        asked = (scopes.COLUMNS, json.dumps(question.relations))
        return Statement("", asked=asked, answered=functools.partial(_answered, piece.text, CASE_SENSITIVE.get()))
    except RecursionError:
        hint = "Nest expressions and queries less deep."
        raise RedshiftError("54001", "stack depth limit exceeded", hint=hint) from None


@functools.lru_cache(maxsize=500)
def _answered(text: str, case_sensitive: bool, rows: Rows) -> Statement:
    """A statement planned with the columns of its relations; part of the key, so no plan outlives a changed table."""
    token = CASE_SENSITIVE.set(case_sensitive)
    try:
        with scopes.given(rows):
            [piece] = split(text)
            return _planned(piece)
    finally:
        CASE_SENSITIVE.reset(token)


def statement(piece: Piece) -> Statement:
    first = piece.words(3)
    handler = words.HANDLERS.get(first[0])
    if handler:
        names.refuse_helpers(piece)
        return handler(piece)
    if first[:2] == ["REFRESH", "MATERIALIZED"]:
        return views.materialized_view(piece, "REFRESH")
    if first[0] in ("CREATE", "DROP", "ALTER"):
        return _definition(piece, first)
    if first[0] == "UNLOAD":
        return _unload(piece)
    if first[0] in ("EXPLAIN", "DECLARE", "PREPARE"):
        return _wrapped(piece, first[0])
    if first[0] not in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "("):
        raise syntax_error(piece, 0)
    return _query(piece)


def _query(piece: Piece, stored: bool = False) -> Statement:
    if piece.words()[-2:] == ["REMOVE", "DUPLICATES"]:
        return merge.remove_duplicates(piece)
    values = _plain_values(piece)
    if values:
        first, rest = piece.part(0, values), piece.part(values)
        return Statement(f"{_query(first).sql}{rest.plain()}")
    tokens = catalogue.readable(piece.tokens)
    tree = parse(tokens, piece.source)
    if isinstance(tree, exp.TruncateTable):
        return _truncate(tree)
    if isinstance(tree, exp.Query) and catalogue.is_catalogue(tree):
        return Statement(catalogue.text(piece, tree))
    if len(tokens) < len(piece.tokens):
        raise unsupported("arrays")
    if isinstance(tree, exp.Select) and tree.args.get("into"):
        return _select_into(tree, tree.args["into"])
    return Statement(generate(queries.rewrite(tree, stored)))


_PLAIN_VALUES = frozenset(
    {
        *(TokenType.STRING, TokenType.NUMBER, TokenType.PARAMETER, TokenType.NULL, TokenType.TRUE, TokenType.FALSE),
        *(TokenType.DEFAULT, TokenType.DASH, TokenType.COMMA, TokenType.L_PAREN, TokenType.R_PAREN),
    }
)
# parsing 1,000 rows of 4 values takes 0.2 s, reading over them a tenth of that
_MANY_TOKENS = 500


def _plain_values(piece: Piece) -> int:
    """Where the second row of a long INSERT begins, if every value of it is a literal or a parameter; else 0."""
    if len(piece.tokens) < _MANY_TOKENS or piece.tokens[0].token_type is not TokenType.INSERT:
        return 0
    upper = piece.words(_MANY_TOKENS)
    if "VALUES" not in upper:
        return 0
    start = upper.index("VALUES") + 1
    kinds = [token.token_type for token in piece.tokens[start:]]
    if kinds[0] is not TokenType.L_PAREN or not _PLAIN_VALUES.issuperset(kinds) or TokenType.R_PAREN not in kinds:
        return 0
    second = start + kinds.index(TokenType.R_PAREN) + 1
    return second if second < len(piece.tokens) else 0


def _select_into(tree: exp.Select, into: exp.Into) -> Statement:
    """SELECT INTO is CREATE TABLE AS."""
    tree.set("into", None)
    properties = exp.Properties(expressions=[exp.TemporaryProperty()] if into.args.get("temporary") else [])
    create = exp.Create(this=into.this, kind="TABLE", expression=tree, properties=properties)
    return tables.create_table(create, tables.Attributes())


def _truncate(tree: exp.TruncateTable) -> Statement:
    """TRUNCATE takes one table and commits."""
    (table, *others), given = tree.expressions, {key for key, value in tree.args.items() if value}
    if others or given != {"expressions"} or not isinstance(table, exp.Table):
        raise unsupported("TRUNCATE of more than a table")
    return Statement(f"TRUNCATE TABLE {tables.relation(table)}", after=("COMMIT",), tag="TRUNCATE")


def _wrapped(piece: Piece, verb: str) -> Statement:
    """EXPLAIN, DECLARE and PREPARE: a statement inside another's words."""
    upper = piece.words()
    if verb == "EXPLAIN":
        at = 2 if upper[1:2] == ["VERBOSE"] else 1
    elif verb == "DECLARE":
        at = upper.index("FOR") + 1 if "FOR" in upper else len(upper)
        # psql says that it does not scroll, psycopg2 that it does not hold
        if "FOR" in upper and upper[2 : at - 1] not in (
            ["CURSOR"],
            ["NO", "SCROLL", "CURSOR"],
            ["CURSOR", "WITHOUT", "HOLD"],
        ):
            raise unsupported("cursors with SCROLL, HOLD or BINARY")
    else:
        at = upper.index("AS") + 1 if "AS" in upper else len(upper)
    if at >= len(piece.tokens):
        raise syntax_error(piece, at)
    inner = statement(piece.part(at))
    if inner.before or inner.after or not inner.sql:
        raise unsupported(f"{verb} of this statement")
    return Statement(f"{piece.part(0, at).plain()} {inner.sql}")


def _unload(piece: Piece) -> Statement:
    """UNLOAD: its query is a text of its own."""
    words.refuse_case_sensitive(piece)
    upper = piece.words(5)
    if upper[1:4] != ["(", "", ")"]:
        raise syntax_error(piece, 1 if upper[1:2] != ["("] else 2)
    queries = split(piece.tokens[2].text)
    if len(queries) != 1 or queries[0].words(1)[0] not in ("SELECT", "WITH", "("):
        raise unsupported("UNLOAD of anything but one query")
    depth = 0
    for word in queries[0].words():
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == "LIMIT":
            raise RedshiftError("0A000", "Limit clause is not supported", hint="nest the query in another SELECT")
    return Statement("", unload=(piece.text, _query(queries[0], stored=True).sql))


def _definition(piece: Piece, first: list[str]) -> Statement:
    verb, kind = first[0], first[1] if len(first) > 1 else ""
    if kind in ("USER", "GROUP"):
        return words.user(piece)
    if kind == "MATERIALIZED" and verb != "ALTER":
        return views.materialized_view(piece, verb)
    if kind == "SCHEMA" and verb != "ALTER":
        return _schema(piece, verb)
    temporary = kind in ("TEMP", "TEMPORARY", "LOCAL")
    replaced = first[1:] == ["OR", "REPLACE"]
    if verb == "CREATE" and (kind in ("TABLE", "VIEW") or temporary or replaced):
        return _create(piece)
    if verb == "DROP" and kind in ("TABLE", "VIEW"):
        return _drop(piece)
    if verb == "ALTER" and kind == "TABLE":
        return _alter_table(piece)
    if not kind:
        raise syntax_error(piece, 1)
    raise unsupported(f"{verb} {piece.words(4)[-1] if replaced else kind}")


def _schema(piece: Piece, verb: str) -> Statement:
    """CREATE and DROP SCHEMA, word by word: sqlglot knows too little of them."""
    names.refuse_helpers(piece)
    upper = piece.words()
    at = {"IF": 4 if verb == "DROP" else 5}.get(upper[2] if len(upper) > 2 else "", 2)
    name = upper[at : at + 1]
    rest = upper[at + 1 :]
    while verb == "DROP" and rest[:1] == [","]:
        rest = rest[2:]
    known = rest in ([], ["CASCADE"], ["RESTRICT"]) if verb == "DROP" else rest == [] or rest[0] == "AUTHORIZATION"
    if not name:
        raise syntax_error(piece, at)
    if not known:
        raise unsupported(f"{verb} SCHEMA with {rest[0]}")
    return Statement(piece.plain())


def _create(piece: Piece) -> Statement:
    tokens, attributes = _table_attributes(piece)
    tree = parse(tokens, piece.source)
    if not isinstance(tree, exp.Create):
        raise unsupported(" ".join(piece.words(3)))
    if tree.args["kind"] == "TABLE":
        return tables.create_table(tree, attributes)
    if tree.args["kind"] != "VIEW":
        raise unsupported(f"CREATE {tree.args['kind']}")
    return views.create_view(piece, tree)


def _table_attributes(piece: Piece) -> tuple[list[Token], tables.Attributes]:
    """Takes out the table attributes sqlglot cannot parse: INTERLEAVED, SORTKEY AUTO, ENCODE AUTO, BACKUP YES or NO."""
    attributes, kept, depth, at = tables.Attributes(), [], 0, 0
    upper = piece.words()
    while at < len(upper):
        depth += (upper[at] == "(") - (upper[at] == ")")
        pair = upper[at : at + 2]
        if depth == 0 and pair in (["SORTKEY", "AUTO"], ["ENCODE", "AUTO"], ["BACKUP", "YES"], ["BACKUP", "NO"]):
            at += 2
            continue
        if depth == 0 and pair in (["INTERLEAVED", "SORTKEY"], ["COMPOUND", "SORTKEY"]):
            attributes.sortstyle = pair[0]
        else:
            kept.append(piece.tokens[at])
        at += 1
    return kept, attributes


def _drop(piece: Piece) -> Statement:
    tree = parse(piece.tokens, piece.source)
    if not isinstance(tree, exp.Drop):
        raise unsupported(" ".join(piece.words(2)))
    given = {key for key, value in tree.args.items() if value} - {"tables", "kind", "exists", "cascade", "restrict"}
    if given:
        raise unsupported(f"DROP with {given.pop().upper()}")
    relations = ", ".join(tables.relation(table) for table in tree.args["tables"])
    exists = "IF EXISTS " if tree.args.get("exists") else ""
    tail = " CASCADE" if tree.args.get("cascade") else ""
    return Statement(f"DROP {tree.args['kind']} {exists}{relations}{tail}")


def _alter_table(piece: Piece) -> Statement:
    upper = piece.words()
    if "OWNER" in upper and upper[-3:-1] == ["OWNER", "TO"]:
        names.refuse_helpers(piece)
        return Statement(piece.plain())
    if "ENCODE" in upper and "ADD" not in upper:
        raise unsupported("ALTER TABLE with ENCODE")
    if "APPEND" in upper[3:6]:
        return tables.append(piece, upper.index("APPEND", 3))
    at = upper.index("ALTER", 1) if "ALTER" in upper[1:] else len(upper)
    if upper[at + 1 : at + 2] in (["DISTKEY"], ["DISTSTYLE"], ["COMPOUND"], ["SORTKEY"]):
        return tables.alter_attributes(tables.named(piece.part(2, at)), piece.part(at + 1))
    if upper[-2:-1] == ["CONSTRAINT"] or {"CONSTRAINT", "DROP"} <= set(upper):
        raise unsupported("ALTER TABLE DROP CONSTRAINT")
    tree = parse(piece.tokens, piece.source)
    if not isinstance(tree, exp.Alter):
        raise unsupported("this form of ALTER TABLE")
    return tables.alter_table(tree)
