"""Names and literals that go into SQL text: checked here, and nowhere else is text put into SQL.

Table and column names come from the DAG's author and cannot be bound as parameters. Only plain lower-case names are
taken, so that nothing needs quoting and no name can carry SQL.
"""

import re

NAME = re.compile(r"[a-z_][a-z0-9_]{0,126}")
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def plain_name(name: str, kind: str) -> str:
    """Return `name` if it is a plain identifier; ValueError otherwise. `kind`: what it names, for the message."""
    if not NAME.fullmatch(name):
        raise ValueError(f"not a plain {kind} name: {name!r}; expected lower-case letters, digits and underscores")
    return name


def table_name(name: str) -> str:
    """Return `name` if it is a plain `schema.table`; ValueError otherwise."""
    schema, dot, table = name.partition(".")
    if not (dot and NAME.fullmatch(schema) and NAME.fullmatch(table)):
        raise ValueError(
            f"not a plain table name: {name!r}; expected schema.table of lower-case letters, digits and underscores"
        )
    return name


def literal(text: str) -> str:
    """`text` as a SQL string literal, for the places of COPY and GRANT where Redshift takes no bound value."""
    if "\x00" in text:
        raise ValueError(f"a SQL literal cannot hold a NUL character: {text!r}")
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def iam_role(role: str) -> str:
    """The COPY clause for `role`: the word `default` (the cluster's default role) or the ARN of a role."""
    if role == "default":
        return "IAM_ROLE default"
    if not ROLE_ARN.fullmatch(role):
        # Not repeated: people have put keys there.
        raise ValueError(
            f"not an IAM role (a text of {len(role)} characters); expected 'default' or "
            "arn:aws:iam::<12 digits>:role/<name>"
        )
    return f"IAM_ROLE '{role}'"


def region(name: str) -> str:
    """Return `name` if it looks like an AWS region; ValueError otherwise."""
    if not REGION.fullmatch(name):
        raise ValueError(f"not an AWS region: {name!r}; expected a name such as us-west-2")
    return name
