"""Names: folded to lower case, the database stripped, system relations found in the helper schema or refused."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite.allowed import word_set
from sandbox.redshift.rewrite.scan import DATABASE, Piece, fold

HELPERS = "pg_redshift"
STORE = "pg_redshift_store"

# views of the helper schema, by the name Redshift gives them; they live in pg_catalog there
SYSTEM_VIEWS = word_set(
    """pg_table_def stl_load_errors stl_loaderror_detail stl_load_commits stv_sessions sys_load_error_detail
    svv_all_columns svv_all_schemas svv_all_tables svv_columns svv_redshift_columns svv_redshift_databases
    svv_redshift_schemas svv_redshift_tables svv_table_info svv_tables"""
)
# relations of information_schema that must show the declared keys
SHADOWED_VIEWS = word_set("constraint_column_usage key_column_usage referential_constraints table_constraints")
_SYSTEM_PREFIXES = ("stl_", "stv_", "svl_", "svv_", "svcs_", "sys_")
# relations Redshift adds to PostgreSQL's catalogue
_REDSHIFT_ONLY = word_set("pg_user_info pg_database_info pg_class_info pg_external_schema")
_CATALOGUES = ("pg_catalog", "information_schema")


# relations of pg_catalog that have columns PostgreSQL dropped since 8.0
_OLDER = word_set("pg_attrdef pg_class pg_constraint pg_namespace pg_proc")


def identifier(node: exp.Identifier) -> None:
    node.set("this", fold(node.name))


def strip_database(node: exp.Table | exp.Column) -> None:
    """Takes the current database off database.schema.table; another database cannot be reached."""
    catalog = node.args.get("catalog")
    if catalog is None:
        return
    if catalog.name != DATABASE:
        raise RedshiftError("0A000", f'cross-database references are not supported ("{catalog.name}")')
    node.set("catalog", None)


def system_relation(schema: str, name: str) -> str | None:
    """The helper schema with a view for a system relation, None for an ordinary one; what is not here is refused."""
    if schema == "information_schema":
        return STORE if name in SHADOWED_VIEWS else None
    if schema in ("", "pg_catalog"):
        if name in SYSTEM_VIEWS:
            return HELPERS
        if name.startswith(_SYSTEM_PREFIXES) or name in _REDSHIFT_ONLY:
            raise unsupported(f"the system relation {name}")
    return None


def is_user_table(node: exp.Table) -> bool:
    """Whether it is a table or view of a user's: no CTE, no system relation, nothing of a catalogue."""
    if system_relation(node.db, node.name) or node.db in _CATALOGUES or (not node.db and node.name.startswith("pg_")):
        return False
    query = node.find_ancestor(exp.Query)
    while query:
        if not node.db and any(cte.alias.lower() == node.name.lower() for cte in query.ctes):
            return False
        query = query.find_ancestor(exp.Query)
    return True


def refuse_system_target(schema: str, name: str) -> None:
    """No statement may change, make or drop what stands for a system relation here."""
    if system_relation(schema, name) or (not schema and name in _OLDER):
        raise RedshiftError("42501", f"permission denied for relation {name}")


def refuse_helpers(piece: Piece, relations: bool = True) -> None:
    """The helper schemas, and with `relations` the views in them, may not stand in a statement that is not parsed."""
    upper = piece.words()
    for token, word in zip(piece.tokens, upper, strict=True):
        name = token.text.lower()
        named = bool(word) or token.token_type is TokenType.IDENTIFIER
        # SET takes names of schemas as strings, too
        if name.startswith(HELPERS) and (named or upper[0] == "SET"):
            raise RedshiftError("42501", f"permission denied for schema {name}")
        if relations and named and name in SYSTEM_VIEWS | _OLDER:
            raise RedshiftError("42501", f"permission denied for relation {name}")


def table(node: exp.Table) -> None:
    """A relation's name where it is used."""
    strip_database(node)
    if not isinstance(node.this, exp.Identifier):
        raise unsupported("functions in FROM")
    if node.db.startswith(HELPERS):
        raise RedshiftError("42501", f"permission denied for schema {node.db}")
    if _is_target(node):
        refuse_system_target(node.db, node.name)
    schema = system_relation(node.db, node.name)
    if schema:
        node.set("db", exp.to_identifier(schema))


def _is_target(node: exp.Expression) -> bool:
    """Whether it is the relation that an INSERT, UPDATE, DELETE or MERGE writes to."""
    if isinstance(node.parent, exp.Schema):
        node = node.parent
    return isinstance(node.parent, exp.Insert | exp.Update | exp.Delete | exp.Merge) and node.arg_key == "this"


def column(node: exp.Column) -> None:
    """A column's qualifiers: schema-qualified columns of views of ours are known by the view alone."""
    strip_database(node)
    if node.text("db") in _CATALOGUES:
        node.set("db", None)


def is_catalogue(tree: exp.Expression) -> bool:
    """Whether a query reads PostgreSQL's own catalogue and nothing else: such a one goes through as it was written."""
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    relations = [
        (relation.db.lower(), relation.name.lower())
        for relation in tree.find_all(exp.Table)
        if relation.db or relation.name.lower() not in ctes
    ]
    return bool(relations) and all(_is_catalogue_relation(*relation) for relation in relations)


def catalogue_text(piece: Piece) -> str:
    """A catalogue query as it was written, led to the helper schema for what that has of its own."""
    refuse_helpers(piece, relations=False)
    upper = [token.text.lower() for token in piece.tokens]
    ours = [at for at, word in enumerate(upper[:-2]) if word == "pg_catalog" and upper[at + 2] in _OLDER | {"version"}]
    return piece.plain(dict.fromkeys(ours, HELPERS))


def _is_catalogue_relation(schema: str, name: str) -> bool:
    if name.startswith(_SYSTEM_PREFIXES) or name in _REDSHIFT_ONLY | SYSTEM_VIEWS:
        return False
    if schema == "information_schema":
        return name not in SHADOWED_VIEWS
    return schema == "pg_catalog" or (not schema and name.startswith("pg_"))
