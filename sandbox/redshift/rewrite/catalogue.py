"""Queries of the catalogue, as tools send them: they pass as written, but for what PostgreSQL would not take."""

from __future__ import annotations

import itertools

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from sandbox.redshift.rewrite import names
from sandbox.redshift.rewrite.allowed import word_set
from sandbox.redshift.rewrite.scan import Piece

# what the helper schema has in the place of PostgreSQL's own
_FUNCTIONS = word_set("pg_get_constraintdef pg_get_viewdef version")
# what the driver and others read as if it were a relation
_IN_FROM = word_set("current_database pg_get_late_binding_view_cols")
# aliases that clients name in the same SELECT; no pg_ relation of PostgreSQL's but pg_class has such a column
_ALIASES = word_set("is_autoincrement relname schema table_name table_schem")


def readable(tokens: list[Token]) -> list[Token]:
    """The tokens without the brackets of `oid[]`, asyncpg's, which sqlglot does not parse."""
    kinds = [token.token_type for token in tokens]
    pairs = {
        at
        for at, token in enumerate(tokens[:-2])
        if token.text.lower() == "oid" and kinds[at + 1 : at + 3] == [TokenType.L_BRACKET, TokenType.R_BRACKET]
    }
    return [token for at, token in enumerate(tokens) if at - 1 not in pairs and at - 2 not in pairs]


def is_catalogue(tree: exp.Expression) -> bool:
    """Whether a query reads PostgreSQL's own catalogue and nothing else but Redshift's views of it."""
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    relations = [relation for relation in tree.find_all(exp.Table) if relation.db or _name(relation) not in ctes]
    return all(_is_known(relation) for relation in relations) and any(_is_postgres(relation) for relation in relations)


def _name(relation: exp.Table) -> str:
    """The name of a relation, or of a function that stands for one."""
    return str(relation.this.name).lower()


def _is_postgres(relation: exp.Table) -> bool:
    schema, name = relation.db.lower(), _name(relation)
    if isinstance(relation.this, exp.Func):
        return schema == "pg_catalog" or name in _IN_FROM
    if schema == "information_schema":
        return name not in names.SHADOWED_VIEWS
    return (schema == "pg_catalog" or (not schema and name.startswith("pg_"))) and not names.is_of_redshift(name)


def _is_known(relation: exp.Table) -> bool:
    schema = relation.db.lower()
    ours = names.SHADOWED_VIEWS if schema == "information_schema" else names.SYSTEM_VIEWS
    return _is_postgres(relation) or (schema in ("", *names.CATALOGUES) and _name(relation) in ours)


def text(piece: Piece, tree: exp.Expression) -> str:
    """The query, led to the helper schemas for what these have of their own."""
    names.refuse_helpers(piece, relations=False)
    words = [token.text.lower() for token in piece.tokens]
    replaced = {}
    for at, (token, following) in enumerate(itertools.pairwise(piece.tokens)):
        qualified = words[at + 2] if words[at + 1] == "." and at + 2 < len(words) else ""
        if words[at] == "pg_catalog" and qualified in names.OLDER | names.SYSTEM_VIEWS | _FUNCTIONS:
            replaced[at] = names.HELPERS
        elif words[at] == "information_schema" and qualified in names.SHADOWED_VIEWS:
            replaced[at] = names.STORE
        elif words[at] == "where" and following.token_type is TokenType.NUMBER:
            replaced[at + 1] = f"{words[at + 1]} <> 0"  # a number is a condition
        elif token.token_type is TokenType.NUMBER and following.start == token.end + 1 and words[at + 1].isalpha():
            replaced[at] = f"{words[at]} "  # a word may follow it at once
    places = {token.start: at for at, token in enumerate(piece.tokens)}
    return piece.plain(replaced | {places[start]: meant for start, meant in _aliases(tree).items()})


def _aliases(tree: exp.Expression) -> dict[int, str]:
    """Where a SELECT names an item of its own by its alias, in another item or in WHERE; and what that stands for."""
    found = {}
    for select in tree.find_all(exp.Select):
        relations = {_name(relation) for relation in select.find_all(exp.Table)}
        if not all(name.startswith(("pg_", "svv_external_")) for name in relations):
            continue
        aliases = _ALIASES - ({"relname"} if "pg_class" in relations else set())
        items = {item.alias.lower(): item.this for item in select.expressions if isinstance(item, exp.Alias)}
        where = select.args.get("where")
        for part in [*select.expressions, *([where] if where else [])]:
            for column in part.find_all(exp.Column):
                name = column.name.lower()
                if not column.table and name in aliases & items.keys():
                    found[column.this.meta["start"]] = items[name].sql(dialect="postgres")
    return found
