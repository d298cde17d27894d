"""CREATE TABLE and ALTER TABLE: columns for PostgreSQL; distribution, sort order, encodings and keys for side tables.

Declared keys are never enforced on Redshift, so PostgreSQL does not get them; `pg_redshift.record_table` writes them
down, in the client's own transaction, after the table is there.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from sqlglot import exp

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite import names, queries
from sandbox.redshift.rewrite.allowed import word_set
from sandbox.redshift.rewrite.dialect import DistKeyColumn, SortKeyColumn, generate
from sandbox.redshift.rewrite.scan import Piece, fold, literal, quote, syntax_error
from sandbox.redshift.statement import Statement

_ENCODINGS = word_set(
    "auto az64 bytedict delta delta32k lzo mostly8 mostly16 mostly32 none raw runlength text255 text32k zstd"
)


@dataclasses.dataclass
class Attributes:
    """What Redshift knows of a table and PostgreSQL does not; names folded, columns by name."""

    diststyle: str | None = None
    distkey: str | None = None
    sortstyle: str | None = None
    sortkey: list[str] = dataclasses.field(default_factory=list)
    encode: dict[str, str] = dataclasses.field(default_factory=dict)
    keys: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    like: str | None = None

    def distribute_by(self, column: str) -> None:
        if self.distkey not in (None, column):
            raise RedshiftError("42601", "multiple distribution keys specified")
        if self.diststyle not in (None, "KEY"):
            raise RedshiftError("42601", f"DISTKEY cannot be given with DISTSTYLE {self.diststyle}")
        self.distkey, self.diststyle = column, "KEY"

    def sort_by(self, columns: list[str], style: str = "COMPOUND") -> None:
        if self.sortkey:
            raise RedshiftError("42601", "multiple sort keys specified")
        if len(columns) > (8 if style == "INTERLEAVED" else 400):
            raise RedshiftError("42601", f"too many columns in the {style} sort key: {len(columns)}")
        self.sortkey, self.sortstyle = columns, style

    def record(self, table: exp.Table, temporary: bool = False, created: bool = False) -> str:
        """The call that writes this down; other tables stand in it as quoted names."""
        given = {key: value for key, value in dataclasses.asdict(self).items() if value}
        schema = literal(table.db) if table.db else "NULL"
        where = f"{schema}, {literal(table.name)}, {str(temporary).lower()}, {str(created).lower()}"
        return f"SELECT pg_redshift.record_table({where}, {literal(json.dumps(given, ensure_ascii=False))})"


def relation(node: exp.Table) -> str:
    """The quoted name of a relation that is made, changed or dropped; folds it, too."""
    names.refuse_system_target(fold(node.db), fold(node.name))
    return generate(queries.rewrite(node))


def is_temporary(node: exp.Table, properties: list[exp.Expression]) -> bool:
    temporary = node.name.startswith("#") or any(isinstance(item, exp.TemporaryProperty) for item in properties)
    if temporary and node.db:
        raise RedshiftError("42P16", "cannot create temporary relation in non-temporary schema")
    return temporary


def create_table(tree: exp.Create, attributes: Attributes) -> Statement:
    """CREATE TABLE with columns, LIKE, or AS a query; `attributes` holds what was read before parsing."""
    schema = tree.this if isinstance(tree.this, exp.Schema) else None
    table = schema.this if schema else tree.this
    properties = tree.args["properties"].expressions if tree.args.get("properties") else []
    temporary = is_temporary(table, properties)
    for item in properties:
        _table_property(item, attributes)
    verb = [
        "CREATE",
        *(["TEMPORARY"] if temporary else []),
        "TABLE",
        *(["IF NOT EXISTS"] if tree.args.get("exists") else []),
    ]
    head = " ".join([*verb, relation(table)])
    if tree.args.get("expression"):
        return _create_table_as(head, table, schema, tree.expression, attributes.record(table, temporary, created=True))
    if schema is None:
        raise RedshiftError("42601", "syntax error at end of input")
    elements = [_element(element, attributes, table.name) for element in schema.expressions]
    primary = {quote(column) for key in attributes.keys if key["kind"] == "p" for column in key["columns"]}
    columns = [_not_null(element, primary) for element in elements if element]
    if attributes.diststyle == "KEY" and not attributes.distkey:
        raise RedshiftError("42601", "DISTSTYLE KEY needs a DISTKEY")
    return Statement(f"{head} ({', '.join(columns)})", after=(attributes.record(table, temporary, created=True),))


def _create_table_as(
    head: str, table: exp.Table, schema: exp.Schema | None, query: exp.Expression, record: str
) -> Statement:
    """CREATE TABLE AS: Redshift's tag has no count."""
    columns = schema.expressions if schema else []
    if not all(isinstance(column, exp.Identifier) for column in columns):
        raise RedshiftError("42601", "CREATE TABLE AS takes column names only")
    listed = f" ({', '.join(quote(column.name) for column in columns)})" if columns else ""
    return Statement(f"{head}{listed} AS {generate(queries.rewrite(query))}", after=(record,), tag="SELECT")


def _not_null(column: str, primary: set[str]) -> str:
    """Redshift enforces NOT NULL, also the one a primary key brings."""
    needs = any(column.startswith(name + " ") for name in primary) and not column.endswith(" NOT NULL")
    return column + " NOT NULL" if needs else column


def _table_property(item: exp.Expression, attributes: Attributes) -> None:
    if isinstance(item, exp.DistStyleProperty):
        style = item.name.upper()
        if style not in ("AUTO", "EVEN", "ALL", "KEY"):
            raise RedshiftError("42601", f'syntax error at or near "{item.name}"')
        if attributes.distkey and style != "KEY":
            raise RedshiftError("42601", f"DISTKEY cannot be given with DISTSTYLE {style}")
        attributes.diststyle = style
    elif isinstance(item, exp.DistKeyProperty):
        attributes.distribute_by(fold(item.name))
    elif isinstance(item, exp.SortKeyProperty):
        columns = item.this if isinstance(item.this, list) else [item.this]
        attributes.sort_by([fold(column.name) for column in columns], attributes.sortstyle or "COMPOUND")
    elif not isinstance(item, exp.TemporaryProperty | exp.BackupProperty):
        raise unsupported(f"the table attribute {item.key.removesuffix('property').upper()}")


def _element(element: exp.Expression, attributes: Attributes, table: str) -> str:
    """A column definition's text; "" for a key, which goes into the attributes."""
    if isinstance(element, exp.ColumnDef):
        return column_definition(element, attributes, table)
    if isinstance(element, exp.LikeProperty):
        return _like(element, attributes)
    attributes.keys.append(declared_key(element, table))
    return ""


def _like(element: exp.LikeProperty, attributes: Attributes) -> str:
    attributes.like = relation(element.this)
    options = [f"{option.name} {option.args['value'].name}".upper() for option in element.expressions]
    if set(options) - {"INCLUDING DEFAULTS", "EXCLUDING DEFAULTS"}:
        raise unsupported(f"LIKE with {options[-1]}")
    return " ".join([f"LIKE {attributes.like}", *options])


def column_definition(column: exp.ColumnDef, attributes: Attributes, table: str) -> str:
    """`name type [DEFAULT ...] [GENERATED ...] [NOT NULL]`, the rest going into the attributes."""
    name = fold(column.name)
    kind = column.args.get("kind")
    if kind is None:
        raise RedshiftError("42601", f'column "{name}" has no type')
    parts = [quote(name), generate(queries.rewrite(kind))]
    not_null = False
    for constraint in column.args.get("constraints") or []:
        item = constraint.args["kind"] if isinstance(constraint, exp.ColumnConstraint) else constraint
        if isinstance(item, exp.NotNullColumnConstraint):
            not_null = not_null or not item.args.get("allow_null")
        elif isinstance(item, exp.DefaultColumnConstraint):
            parts += ["DEFAULT", generate(queries.rewrite(item.this))]
        elif isinstance(item, exp.GeneratedAsIdentityColumnConstraint):
            parts.append(_identity(item))
            not_null = True
        elif isinstance(item, exp.EncodeColumnConstraint):
            attributes.encode[name] = _encoding(item)
        elif isinstance(item, DistKeyColumn):
            attributes.distribute_by(name)
        elif isinstance(item, SortKeyColumn):
            attributes.sort_by([name])
        else:
            attributes.keys.append(declared_key(item, table, [name]))
    return " ".join([*parts, *(["NOT NULL"] if not_null else [])])


def _encoding(item: exp.EncodeColumnConstraint) -> str:
    name = item.name.lower()
    if name not in _ENCODINGS:
        raise RedshiftError("42601", f'invalid encoding type "{name}" specified')
    return name


def _identity(item: exp.GeneratedAsIdentityColumnConstraint) -> str:
    """IDENTITY(seed, step): PostgreSQL's least value is 1 unless told."""
    seed, step = (generate(item.args[part]) if item.args.get(part) else "1" for part in ("start", "increment"))
    if item.args.get("this"):
        raise unsupported("GENERATED ALWAYS AS IDENTITY")
    # sqlglot gives the spelled out form this extra argument
    always = "BY DEFAULT" if "on_null" in item.args else "ALWAYS"
    bound = "MAXVALUE" if step.startswith("-") else "MINVALUE"
    return f"GENERATED {always} AS IDENTITY (START WITH {seed} INCREMENT BY {step} {bound} {seed})"


def declared_key(item: exp.Expression, table: str, columns: list[str] | None = None) -> dict[str, Any]:
    """A key as data: kind p, u or f, its name, columns, and for f the table and columns it refers to."""
    name = None
    if isinstance(item, exp.Constraint):
        name = fold(item.name)
        if len(item.expressions) != 1:
            raise unsupported("a constraint of several parts")
        item = item.expressions[0]
    if isinstance(item, exp.PrimaryKey | exp.PrimaryKeyColumnConstraint):
        kind, columns, suffix = "p", columns or _columns(item.expressions), "pkey"
    elif isinstance(item, exp.UniqueColumnConstraint):
        kind, columns, suffix = "u", columns or _columns(item.this.expressions), "key"
    elif isinstance(item, exp.ForeignKey | exp.Reference):
        kind, suffix = "f", "fkey"
        columns = columns or _columns(item.expressions)
    else:
        word = item.key.removesuffix("columnconstraint").removesuffix("constraint").upper()
        raise unsupported(f"{word} constraints")
    default = "_".join([table, suffix] if kind == "p" else [table, columns[0], suffix])
    key: dict[str, Any] = {"kind": kind, "name": name or default[:63], "columns": columns}
    if kind == "f":
        key |= _reference(item)
    return key


def _columns(items: list[exp.Expression]) -> list[str]:
    return [fold(item.name) for item in items]


def _reference(item: exp.Expression) -> dict[str, Any]:
    reference = item.args["reference"] if isinstance(item, exp.ForeignKey) else item
    if reference.args.get("options") or item.args.get("delete") or item.args.get("update"):
        raise unsupported("actions of foreign keys")
    target = reference.this
    columns = _columns(target.expressions) if isinstance(target, exp.Schema) else []
    return {"references": relation(target.this if isinstance(target, exp.Schema) else target), "ref_columns": columns}


def alter_table(tree: exp.Alter) -> Statement:
    """ALTER TABLE with one action, as Redshift takes it."""
    actions = tree.args["actions"]
    if tree.args.get("kind") != "TABLE" or len(actions) != 1:
        raise unsupported("ALTER TABLE with several actions")
    table, action = tree.this, actions[0]
    head = f"ALTER TABLE {relation(table)}"
    attributes = Attributes()
    if isinstance(action, exp.ColumnDef):
        definition = column_definition(action, attributes, table.name)
        if attributes.keys or attributes.distkey or attributes.sortkey or "GENERATED" in definition:
            raise unsupported("keys, DISTKEY, SORTKEY and IDENTITY in ADD COLUMN")
        if definition.endswith(" NOT NULL") and " DEFAULT " not in definition:
            message = "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression"
            raise RedshiftError("42601", message)
        after = (attributes.record(table),) if attributes.encode else ()
        return Statement(f"{head} ADD COLUMN {definition}", after=after)
    if isinstance(action, exp.AddConstraint):
        return _add_key(head, table, action, attributes)
    return Statement(f"{head} {_action(action)}")


def alter_attributes(table: exp.Table, change: Piece) -> Statement:
    """ALTER TABLE ... ALTER DISTKEY | DISTSTYLE | SORTKEY: nothing moves here, it is only written down."""
    attributes, upper = Attributes(), change.words()
    style, upper = ("COMPOUND", upper[1:]) if upper[0] == "COMPOUND" else ("", upper)
    at = len(change.tokens) - len(upper)
    columns = [fold(token.text) for token in change.tokens[at + 2 : -1 : 2]]
    if columns and upper[0] == "SORTKEY" and upper[1:2] == ["("] and upper[-1] == ")" and set(upper[3:-1:2]) <= {","}:
        attributes.sort_by(columns)
    elif upper[0] == "SORTKEY" and not style and upper[1:] in (["AUTO"], ["NONE"]):
        attributes.sortstyle = upper[1]
    elif upper[:-1] in (["DISTKEY"], ["DISTSTYLE", "KEY", "DISTKEY"]):
        attributes.distribute_by(fold(change.tokens[-1].text))
    elif upper[0] == "DISTSTYLE" and upper[1:] in (["ALL"], ["EVEN"], ["AUTO"]):
        attributes.diststyle = upper[1]
    else:
        raise syntax_error(change, len(change.tokens) - 1)
    named = [*attributes.sortkey, *([attributes.distkey] if attributes.distkey else [])]
    # a change of nothing, by which PostgreSQL proves table, columns and ownership
    proof = ", ".join(f"ALTER COLUMN {quote(column)} SET STATISTICS -1" for column in named)
    head = f"ALTER TABLE {relation(table)}"
    return Statement(f"{head} {proof or 'RESET (fillfactor)'}", after=(attributes.record(table),))


def _add_key(head: str, table: exp.Table, action: exp.AddConstraint, attributes: Attributes) -> Statement:
    if len(action.expressions) != 1:
        raise unsupported("several constraints at once")
    key = declared_key(action.expressions[0], table.name)
    attributes.keys.append(key)
    # a change of nothing, by which PostgreSQL proves table, columns and ownership
    checked = ", ".join(f"ALTER COLUMN {quote(column)} SET STATISTICS -1" for column in key["columns"])
    return Statement(f"{head} {checked}", after=(attributes.record(table),))


def _action(action: exp.Expression) -> str:
    if isinstance(action, exp.RenameColumn):
        return f"RENAME COLUMN {quote(action.this.name)} TO {quote(action.args['to'].name)}"
    if isinstance(action, exp.AlterRename):
        return f"RENAME TO {quote(action.this.name)}"
    if isinstance(action, exp.Drop) and action.args.get("kind") == "COLUMN":
        tail = " CASCADE" if action.args.get("cascade") else ""
        return f"DROP COLUMN {quote(action.args['tables'][0].name)}{tail}"
    if isinstance(action, exp.AlterColumn) and action.args.get("dtype"):
        kind = queries.rewrite(action.args["dtype"])
        if kind.this is not exp.DataType.Type.VARCHAR or action.args.get("using"):
            raise RedshiftError("0A000", "target data type is not supported for ALTER COLUMN: VARCHAR only")
        return f"ALTER COLUMN {quote(action.name)} TYPE {generate(kind)}"
    raise unsupported(f"this action of ALTER TABLE ({action.key})")
