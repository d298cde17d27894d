"""What may stand in a statement: node types of sqlglot with the clauses each may carry, and functions by name.

Everything else is refused by name. A function that is only listed here means the same in PostgreSQL, or has a namesake
in the helper schema, which comes first in the search path; the ones in `functions.RULES` are rewritten before.
"""

from __future__ import annotations

from sqlglot import exp

# what follows a node's name are the clauses it may have; a clause not listed is refused even where PostgreSQL knows it
_NODES = """
Add: this expression
Alias: this alias
All: this
And: this expression
Anonymous: this expressions
Any: this
AtTimeZone: this zone
Between: this low high negate
BitwiseAnd: this expression
BitwiseLeftShift: this expression
BitwiseNot: this
BitwiseOr: this expression
BitwiseRightShift: this expression
Boolean: this
ByteString: this
CTE: this alias
Case: this ifs default
Cast: this to
Column: this table db catalog
Cube: expressions
CurrentDate:
CurrentSchema:
CurrentUser:
DPipe: this expression safe
DataType: this expressions kind
DataTypeParam: this
Delete: this where using
Distinct: expressions
Div: this expression typed safe
Dot: this expression
EQ: this expression
Escape: this expression
Except: this expression distinct order limit offset with_
Exists: this
Extract: this expression
From: this
GT: this expression
GTE: this expression
Group: expressions
GroupingSets: expressions
Having: this
ILike: this expression negate
Identifier: this quoted
If: this true
In: this expressions query negate
Insert: this expression default with_
Intersect: this expression distinct order limit offset with_
Interval: this unit
Into: this temporary
Is: this expression negate
Join: this on using side kind method
LT: this expression
LTE: this expression
Like: this expression negate
Limit: expression
Literal: this is_string
Merge: this using on whens
Mod: this expression
Mul: this expression
NEQ: this expression
Neg: this
Not: this
Null:
ObjectIdentifier: this
Offset: expression
Or: this expression
Order: expressions
Ordered: this desc nulls_first
Parameter: this
Paren: this
Pow: this expression
Qualify: this
RegexpILike: this expression negate
RawString: this
Rollup: expressions
RegexpLike: this expression negate
Schema: this expressions
Select: expressions from_ joins where group having qualify order limit offset distinct with_ into
SessionUser:
SimilarTo: this expression negate
Star:
StrPosition: this substr
Sub: this expression
Subquery: this alias with_ order limit offset
Table: this db catalog alias
TableAlias: this columns
Trim: this expression position
Tuple: expressions
Union: this expression distinct order limit offset with_
Update: this expressions where from_
Values: expressions
Var: this
When: matched then
Where: this
Whens: expressions
Window: this partition_by order spec over
WindowSpec: kind start start_side end end_side
With: expressions recursive
WithinGroup: this expression
"""

NODES: dict[type[exp.Expression], frozenset[str]] = {
    getattr(exp, name): frozenset(clauses.split())
    for name, clauses in (line.split(":") for line in _NODES.strip().splitlines())
}

# the words a user knows for what is refused, where sqlglot's name is not theirs
NAMES = {
    "Select.locks": "FOR UPDATE",
    "Select.windows": "the WINDOW clause",
    "Select.sample": "TABLESAMPLE",
    "Table.sample": "TABLESAMPLE",
    "Select.connect": "CONNECT BY",
    "Table.joins": "joins in parentheses",
    "Table.pivots": "PIVOT and UNPIVOT",
    "Subquery.pivots": "PIVOT and UNPIVOT",
    "Group.all": "GROUP BY ALL",
    "DataType.nested": "arrays",
    "Star.except_": "SELECT * EXCLUDE",
    "Select.exclude": "SELECT * EXCLUDE",
    "Distinct.on": "DISTINCT ON",
    "Insert.conflict": "ON CONFLICT",
    "Insert.returning": "RETURNING",
    "Update.returning": "RETURNING",
    "Delete.returning": "RETURNING",
    "Update.with_": "WITH before UPDATE",
    "Delete.with_": "WITH before DELETE",
    "Merge.with_": "WITH before MERGE",
    "When.condition": "a condition after WHEN MATCHED",
    "When.source": "WHEN NOT MATCHED BY SOURCE",
    "Window.alias": "named windows",
    "WindowSpec.exclude": "EXCLUDE in a window frame",
    "Array": "arrays",
    "Bracket": "arrays and SUPER navigation",
    "BitwiseXor": "the # operator",
    "CurrentTimestamp": "CURRENT_TIMESTAMP (use GETDATE() or SYSDATE)",
    "Concat": "string literals side by side",
    "Filter": "FILTER",
    "IgnoreNulls": "IGNORE NULLS",
    "IntervalSpan": "the types INTERVAL ... TO ...",
    "RespectNulls": "RESPECT NULLS",
    "Column.join_mark": "the (+) outer join",
    "Lateral": "LATERAL",
    "Localtimestamp": "LOCALTIMESTAMP (use SYSDATE)",
    "NullSafeEQ": "IS NOT DISTINCT FROM",
    "NullSafeNEQ": "IS DISTINCT FROM",
    "Placeholder": "named parameters",
    "Sqrt": "the operator |/ (use SQRT)",
    "Unnest": "UNNEST",
}


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


AGGREGATES = word_set("""
    avg bool_and bool_or count listagg max median min percentile_cont percentile_disc stddev stddev_pop stddev_samp sum
    var_pop var_samp variance
""")

WINDOWS = word_set("""
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank ratio_to_report row_number
""")

_DATES = word_set("""
    add_months convert_timezone date_add date_cmp date_diff date_part date_part_year date_trunc dateadd
    datediff getdate interval_cmp last_day months_between next_day sysdate to_char to_date to_timestamp trunc
""")

_STRINGS = word_set("""
    ascii btrim char_length character_length charindex chr concat fnv_hash initcap left len length lower lpad ltrim md5
    octet_length quote_ident quote_literal regexp_count regexp_instr regexp_replace regexp_substr repeat replace
    replicate reverse right rpad rtrim sha2 split_part strpos substr substring textlen to_hex to_number translate upper
""")

_NUMBERS = word_set("""
    abs acos asin atan atan2 cbrt ceil ceiling cos cot dcbrt degrees dexp dlog1 dlog10 exp floor ln log mod pi pow power
    radians random round sign sin sqrt tan
""")

_CHOICES = word_set("coalesce decode greatest least nullif nvl nvl2")

_JSON = word_set("""
    is_valid_json is_valid_json_array json_array_length json_extract_array_element_text json_extract_path_text
""")

# what runs on Redshift's leader node alone: not in a query of users' tables, which the other nodes have
LEADER_ONLY = word_set("""
    current_schema current_schemas has_database_privilege has_schema_privilege has_table_privilege obj_description
    pg_get_viewdef pg_table_is_visible version
""")

_SESSION = word_set("""
    current_database pg_backend_pid pg_last_copy_count pg_last_copy_id pg_last_unload_count
""")

# by the guide's own chapters
FAMILIES = {
    "aggregate": AGGREGATES,
    "window": WINDOWS,
    "conditional": _CHOICES,
    "date and time": _DATES,
    "string": _STRINGS,
    "math": _NUMBERS,
    "JSON": _JSON,
    "system": LEADER_ONLY | _SESSION,
}
FUNCTIONS = frozenset[str]().union(*FAMILIES.values())
