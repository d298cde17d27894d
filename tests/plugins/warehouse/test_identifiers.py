"""Names and literals: what cannot be bound is checked before any SQL is made of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot.dialects import Redshift

from warehouse import identifiers

HOSTILE = ['users"; DROP TABLE x; --', "sparkify.users'", "a.b.c", "Users.x", "", ".", "a.", "ä.b", "a b.c", "x.y\n"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_table_name_is_schema_and_table_in_plain_letters(name):
    """Anything else is refused, with what was expected."""
    with pytest.raises(ValueError, match=r"expected schema\.table"):
        identifiers.table_name(name)


@pytest.mark.parametrize("name", ["sparkify.songplays", "_a.b_1"])
def test_a_plain_table_name_is_kept(name):
    """As it is."""
    assert name == identifiers.table_name(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_plain_letters(name):
    """Of columns, schemas and groups: without a dot."""
    with pytest.raises(ValueError, match=r"not a plain group name: .*expected lower-case letters, digits and under"):
        identifiers.plain_name(name, "group")
    assert "songs_1" == identifiers.plain_name("songs_1", "group")


@settings(deadline=None)
@given(st.text().filter(lambda text: "\x00" not in text))
def test_a_literal_is_one_token_that_reads_back(text):
    """Quotes and backslashes, which Redshift takes for escapes, cannot end it."""
    tokens = Redshift().tokenize(identifiers.literal(text))
    assert [text] == [token.text for token in tokens]


@pytest.mark.parametrize(
    ("role", "clause"),
    [
        ("default", "IAM_ROLE default"),
        ("arn:aws:iam::123456789012:role/Load", "IAM_ROLE 'arn:aws:iam::123456789012:role/Load'"),
    ],
)
def test_a_role_authorises_copy(role, clause):
    """The default role or an ARN."""
    assert clause == identifiers.iam_role(role)


@pytest.mark.parametrize(
    "role", ["", "Load", "arn:aws:iam::12:role/x", "arn:aws:iam::123456789012:role/x' ACCESS_KEY_ID 'y"]
)
def test_what_is_no_role_is_refused(role):
    """An access key has no way in, and is not repeated."""
    with pytest.raises(ValueError, match=r"not an IAM role \(a text of \d+ characters\)") as raised:
        identifiers.iam_role(role)
    assert "ACCESS_KEY" not in str(raised.value)


def test_a_region_is_a_name_such_as_aws_gives():
    """Anything else is refused."""
    assert "us-gov-west-1" == identifiers.region("us-gov-west-1")
    with pytest.raises(ValueError, match='not an AWS region: "us-west-2\' --"'):
        identifiers.region("us-west-2' --")


def test_a_nul_character_is_refused():
    """No driver and no server takes it."""
    with pytest.raises(ValueError, match="cannot hold a NUL"):
        identifiers.literal("a\x00b")
