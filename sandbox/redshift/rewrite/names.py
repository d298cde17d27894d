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
    """pg_proc_info pg_table_def stl_load_errors stl_loaderror_detail stl_load_commits stv_sessions
    sys_load_error_detail svv_all_columns svv_all_schemas svv_all_tables svv_columns svv_external_columns
    svv_external_schemas svv_external_tables svv_redshift_columns svv_redshift_databases svv_redshift_schemas
    svv_redshift_tables svv_table_info svv_tables"""
)
# relations of information_schema that must show the declared keys, or late-binding views
SHADOWED_VIEWS = word_set("constraint_column_usage key_column_usage referential_constraints table_constraints views")
_SYSTEM_PREFIXES = ("stl_", "stv_", "svl_", "svv_", "svcs_", "sys_")
# relations Redshift adds to PostgreSQL's catalogue
_REDSHIFT_ONLY = word_set("pg_user_info pg_database_info pg_class_info pg_external_schema")
CATALOGUES = ("pg_catalog", "information_schema")


# relations of pg_catalog that have columns of Redshift's, or that PostgreSQL dropped since 8.0, or that show declared
# keys or late-binding views
OLDER = word_set("pg_attrdef pg_attribute pg_class pg_constraint pg_index pg_namespace pg_proc pg_views")


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
        if is_of_redshift(name):
            raise unsupported(f"the system relation {name}")
    return None


def is_of_redshift(name: str) -> bool:
    """Whether PostgreSQL has no system relation of this name, and Redshift has."""
    return name.startswith(_SYSTEM_PREFIXES) or name in _REDSHIFT_ONLY | SYSTEM_VIEWS


def is_user_table(node: exp.Table) -> bool:
    """Whether it is a table or view of a user's: no CTE, no system relation, nothing of a catalogue."""
    if system_relation(node.db, node.name) or node.db in CATALOGUES or (not node.db and node.name.startswith("pg_")):
        return False
    query = node.find_ancestor(exp.Query)
    while query:
        if not node.db and any(cte.alias.lower() == node.name.lower() for cte in query.ctes):
            return False
        query = query.find_ancestor(exp.Query)
    return True


def refuse_system_target(schema: str, name: str) -> None:
    """No statement may change, make or drop what stands for a system relation here."""
    if system_relation(schema, name) or (not schema and name in OLDER):
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
        if relations and named and name in SYSTEM_VIEWS | OLDER:
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
    if node.text("catalog") == DATABASE:
        strip_database(node)  # any other may be a relation before a SUPER's path
    if node.text("db") in CATALOGUES:
        node.set("db", None)
