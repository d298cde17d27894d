"""Redshift's SQL made PostgreSQL's: `plan` splits a text into statements and says for each what PostgreSQL is to run.

Words first: a statement known by its first words has a handler in `words`. All others are parsed: tables go to
`tables`, queries and DML to `queries`. What no rule knows is refused by name; nothing passes unread.
"""

from __future__ import annotations

import functools
from typing import cast

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite import names, queries, tables, words
from sandbox.redshift.rewrite.dialect import generate, parse, tokenize
from sandbox.redshift.rewrite.scan import Piece, quote, split, syntax_error
from sandbox.redshift.statement import Statement

# longer texts are bulk INSERTs with values in them: they do not come again and would crowd out those that do
LONGEST_CACHED = 100_000


def plan(sql: str) -> list[Statement]:
    """The statements of a text for PostgreSQL; raises RedshiftError (42601 syntax, 0A000 what the sandbox refuses)."""
    return list(_remembered(sql) if len(sql) <= LONGEST_CACHED else _plan(sql))


def _plan(sql: str) -> tuple[Statement, ...]:
    try:
        return tuple(statement(piece) for piece in split(sql))
    except RecursionError:
        hint = "Nest expressions and queries less deep."
        raise RedshiftError("54001", "stack depth limit exceeded", hint=hint) from None


_remembered = functools.lru_cache(maxsize=2000)(_plan)


def statement(piece: Piece) -> Statement:
    first = piece.words(3)
    handler = words.HANDLERS.get(first[0])
    if handler:
        names.refuse_helpers(piece)
        return handler(piece)
    if first[:2] == ["REFRESH", "MATERIALIZED"]:
        return _materialized_view(piece, "REFRESH")
    if first[0] in ("CREATE", "DROP", "ALTER"):
        return _definition(piece, first)
    if first[0] == "UNLOAD":
        return _unload(piece)
    if first[0] in ("EXPLAIN", "DECLARE", "PREPARE"):
        return _wrapped(piece, first[0])
    if first[0] not in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "("):
        raise syntax_error(piece, 0)
    return _query(piece)


def _query(piece: Piece) -> Statement:
    if piece.words()[-2:] == ["REMOVE", "DUPLICATES"]:
        raise unsupported("MERGE ... REMOVE DUPLICATES")
    values = _plain_values(piece)
    if values:
        first, rest = piece.part(0, values), piece.part(values)
        return Statement(f"{_query(first).sql}{rest.plain()}")
    tree = parse(piece.tokens, piece.source)
    if isinstance(tree, exp.TruncateTable):
        return _truncate(tree)
    if isinstance(tree, exp.Query) and names.is_catalogue(tree):
        return Statement(names.catalogue_text(piece))
    if isinstance(tree, exp.Select) and tree.args.get("into"):
        return _select_into(tree, tree.args["into"])
    laterals = queries.lateral_names(tree)
    return Statement(generate(queries.rewrite(tree)), laterals=laterals)


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
        if {"SCROLL", "HOLD", "BINARY"} & set(upper[: upper.index("FOR") if "FOR" in upper else None]):
            raise unsupported("cursors with SCROLL, HOLD or BINARY")
        at = upper.index("FOR") + 1 if "FOR" in upper else len(upper)
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
    return Statement("", unload=(piece.text, statement(queries[0]).sql))


def _definition(piece: Piece, first: list[str]) -> Statement:
    verb, kind = first[0], first[1] if len(first) > 1 else ""
    if kind in ("USER", "GROUP"):
        return words.user(piece)
    if kind == "MATERIALIZED" and verb != "ALTER":
        return _materialized_view(piece, verb)
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


def _relation(name: Piece) -> exp.Table:
    """A relation's name that stands in a statement sqlglot does not parse."""
    tree = parse([*tokenize("TRUNCATE TABLE"), *name.tokens], name.source)
    if not isinstance(tree, exp.TruncateTable) or len(tree.expressions) != 1:
        raise syntax_error(name, 1)
    return cast(exp.Table, tree.expressions[0])


def _materialized_view(piece: Piece, verb: str) -> Statement:
    """CREATE, DROP and REFRESH MATERIALIZED VIEW; one that refreshes itself is refused, as are keys."""
    upper = piece.words()
    if upper[2:3] != ["VIEW"]:
        raise syntax_error(piece, 2)
    if verb == "REFRESH":
        return Statement(f"REFRESH MATERIALIZED VIEW {tables.relation(_relation(piece.part(3)))}")
    if verb == "DROP":
        at = 5 if upper[3:5] == ["IF", "EXISTS"] else 3
        return Statement(f"{' '.join(['DROP', *upper[1:at]])} {tables.relation(_relation(piece.part(at)))}")
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
    name = tables.relation(_relation(piece.part(3, end)))
    return Statement(
        f"CREATE MATERIALIZED VIEW {name} AS {generate(queries.rewrite(query))}", tag="CREATE MATERIALIZED VIEW"
    )


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
    return _create_view(tree)


def _create_view(tree: exp.Create) -> Statement:
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
    head = f"CREATE {'OR REPLACE ' if tree.args.get('replace') else ''}VIEW {tables.relation(target)}{columns}"
    return Statement(f"{head} AS {generate(queries.rewrite(tree.expression))}")


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
    for word in ("APPEND", "ENCODE"):
        if word in upper and "ADD" not in upper:
            raise unsupported(f"ALTER TABLE with {word}")
    at = upper.index("ALTER", 1) if "ALTER" in upper[1:] else len(upper)
    if upper[at + 1 : at + 2] in (["DISTKEY"], ["DISTSTYLE"], ["COMPOUND"], ["SORTKEY"]):
        return tables.alter_attributes(_relation(piece.part(2, at)), piece.part(at + 1))
    if upper[-2:-1] == ["CONSTRAINT"] or {"CONSTRAINT", "DROP"} <= set(upper):
        raise unsupported("ALTER TABLE DROP CONSTRAINT")
    tree = parse(piece.tokens, piece.source)
    if not isinstance(tree, exp.Alter):
        raise unsupported("this form of ALTER TABLE")
    return tables.alter_table(tree)
