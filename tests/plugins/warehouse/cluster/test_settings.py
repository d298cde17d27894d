"""Settings that AWS would reject half way through a run are rejected before the first API call."""

from __future__ import annotations

import re

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.cluster.settings import NODE_TYPES, OPEN_PHRASE, ClusterNames, ClusterSettings

VALID = {
    "identifier": "shop",
    "managed_by": "shop-airflow",
    "bucket": "shop-data",
    "work_prefix": "s3://shop-work/runs/",
    "node_type": "ra3.large",
    "nodes": "2",
    "database": "dev",
    "master_user": "awsuser",
    "port": "5439",
    "cidr": "10.0.0.0/16",
    "anyone": "",
    "subnets": "[]",
    "public": "False",
    "snapshot_days": "7",
    "maintenance_window": "sun:23:45-mon:00:15",
    "tags": '{"cost centre": "42"}',
}

INVALID = [
    ("identifier", "", "identifier is ''"),
    ("identifier", "Shop", "expected 1 to 55 lower-case letters"),
    ("identifier", "1shop", "starting with a letter"),
    ("identifier", "shop-", "not ending with a hyphen"),
    ("identifier", "shop--two", "single hyphens"),
    ("identifier", "s" * 56, "1 to 55"),
    ("bucket", "Shop_Data", "bucket is 'Shop_Data'"),
    ("bucket", "shop/*", "bucket is 'shop/\\*'"),
    ("work_prefix", "shop-work", "not an S3 location: 'shop-work'"),
    ("work_prefix", "s3://shop-work/*", "work_prefix is 's3://shop-work/\\*'"),
    ("node_type", "ra3.small", "node_type is 'ra3.small', expected one of rg.large"),
    ("node_type", "dc2.large", "node_type is 'dc2.large'"),
    ("nodes", "0", "nodes is '0', expected 1 to 100"),
    ("nodes", "two", "nodes is 'two'"),
    ("database", "Dev", "database is 'Dev'"),
    ("master_user", "public", "is a reserved word"),
    ("master_user", "aws/user", "master_user is 'aws/user'"),
    ("port", "22", "port is '22', expected 5431 to 5455 or 8191 to 8215"),
    ("cidr", "", "cidr is '', expected an IPv4 network"),
    ("cidr", "everywhere", "cidr is 'everywhere'"),
    ("cidr", "10.0.0.1/16", "host bits set"),
    ("cidr", "::/0", "cidr is '::/0'"),
    ("cidr", "0.0.0.0/0", f"whole internet.*set anyone to '{OPEN_PHRASE}'"),
    ("cidr", "128.0.0.0/1", "whole internet or much of it"),
    ("subnets", '["subnet-1"]', "subnets is"),
    ("subnets", "subnet-1", "expected a list of subnet ids"),
    ("public", "maybe", "public is 'maybe', expected true or false"),
    ("snapshot_days", "0", "snapshot_days is '0', expected 1 to 35"),
    ("maintenance_window", "sunday", "ddd:hh:mm-ddd:hh:mm"),
    ("maintenance_window", "sun:03:00-sun:03:29", "at least 30 minutes"),
    ("maintenance_window", "sun:24:00-mon:03:29", "ddd:hh:mm-ddd:hh:mm"),
    ("tags", '{"managed-by": "me"}', "the key 'managed-by' is reserved"),
    ("tags", '{"aws:x": "me"}', "the key 'aws:x' is reserved"),
    ("tags", '{"n": 1}', "'n': 1 is not a valid tag"),
    ("tags", "[]", "expected an object of tags"),
]


def test_valid_settings_are_parsed():
    """Every value has its type, and the tags include our own."""
    settings = ClusterSettings.parse(VALID)
    assert (2, 5439, False, 7) == (settings.nodes, settings.port, settings.public, settings.snapshot_days)
    assert {"cost centre": "42", "managed-by": "shop-airflow/shop"} == settings.tags
    assert "redshift-shop" == settings.name


@pytest.mark.parametrize(("name", "value", "message"), INVALID)
def test_an_invalid_setting_is_rejected(name, value, message):
    """The error names the setting, its value and what was expected."""
    with pytest.raises(ValueError, match=message):
        ClusterSettings.parse(VALID | {name: value})


def test_one_error_reports_all_problems():
    """So you can fix them in one go."""
    with pytest.raises(ValueError, match=r"identifier is .*node_type is .*cidr is"):
        ClusterSettings.parse(VALID | {"identifier": "", "node_type": "big", "cidr": "here"})


def test_only_the_exact_phrase_opens_the_port_to_the_internet():
    """Neither `true` nor the phrase in upper case is accepted."""
    assert "0.0.0.0/0" == ClusterSettings.parse(VALID | {"cidr": "0.0.0.0/0", "anyone": OPEN_PHRASE}).cidr
    for phrase in ("true", "yes", OPEN_PHRASE.upper()):
        with pytest.raises(ValueError, match="whole internet"):
            ClusterSettings.parse(VALID | {"cidr": "0.0.0.0/0", "anyone": phrase})


@given(st.text(alphabet="abz09-AZ_.é ", max_size=70))
def test_an_accepted_identifier_follows_every_published_rule(identifier):
    """The cluster's rules (1 to 63 characters, for example) and the derived role's (at most 64)."""
    allowed = (
        re.fullmatch(r"[a-z0-9-]{1,63}", identifier)
        and identifier[0].isalpha()
        and not identifier.endswith("-")
        and "--" not in identifier
        and len(f"redshift-{identifier}") <= 64
    )
    try:
        names = ClusterNames.parse({"identifier": identifier, "managed_by": "x"})
    except ValueError:
        assert not allowed
    else:
        assert allowed
        assert re.fullmatch(r"[\w+=,.@-]{1,64}", names.name)


def test_the_node_types_are_those_that_redshift_documents():
    """Botocore contains the API reference. The retired dc2 types are left out."""
    model = botocore.session.get_session().get_service_model("redshift")
    text = model.operation_model("CreateCluster").input_shape.members["NodeType"].documentation
    documented = set(re.findall(r"\b(?:rg|ra3|dc2|ds2)\.\w+", text))
    assert set(NODE_TYPES) == {name for name in documented if not name.startswith("dc2")}
