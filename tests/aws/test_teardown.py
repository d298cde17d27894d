"""Teardown deletes what provisioning created, and nothing else."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException


def test_by_default_one_snapshot_remains(lifecycle, account):
    """It is named after cluster and time, the last task returns it, and nothing else differs."""
    before = account.inventory()
    lifecycle.provision()
    kept = lifecycle.teardown()["check_nothing_left"]
    (snapshot,) = kept
    assert snapshot.startswith("sparkify-final-2026")
    assert before | {"snapshots": [snapshot]} == account.inventory()


def test_a_dry_run_deletes_nothing_and_shows_the_plan(lifecycle, account, calls):
    """All tasks after the plan are skipped."""
    lifecycle.provision()
    before = account.inventory()
    calls.clear()
    returned = lifecycle.teardown(dry_run=True)
    assert {"skipped"} == set(returned.values())
    assert [] == calls.writes()
    assert before == account.inventory()


def test_the_plan_lists_the_parts_in_deletion_order(lifecycle):
    """The cluster comes before the parts it uses."""
    lifecycle.provision()
    assert lifecycle.teardown()["plan"] == [
        "cluster 'sparkify'",
        "security group 'redshift-sparkify'",
        "IAM role 'redshift-sparkify'",
    ]


@pytest.mark.parametrize("typed", ["", "Sparkify", "sparkify ", "yes"])
def test_a_wrong_confirmation_deletes_nothing(lifecycle, account, calls, typed):
    """The run makes no API call at all."""
    lifecycle.provision()
    calls.clear()
    with pytest.raises(AirflowFailException, match=f"nothing was deleted: confirmation is '{typed}', expected"):
        lifecycle.teardown(confirmation=typed)
    assert [] == calls


@pytest.mark.parametrize("foreign", ["cluster", "role", "security group"])
def test_a_foreign_resource_is_not_deleted(lifecycle, account, calls, foreign):
    """It has our name but not our tag, so the run fails before it deletes anything."""
    lifecycle.provision()
    cluster = account.cluster()
    if foreign == "cluster":
        name = "arn:aws:redshift:us-west-2:123456789012:cluster:sparkify"
        account.redshift.delete_tags(ResourceName=name, TagKeys=["managed-by"])
    elif foreign == "role":
        account.iam.untag_role(RoleName="redshift-sparkify", TagKeys=["managed-by"])
    else:
        group = cluster["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
        account.ec2.delete_tags(Resources=[group], Tags=[{"Key": "managed-by"}])
    before = account.inventory()
    calls.clear()
    with pytest.raises(AirflowFailException, match=f"{foreign} .* exists but is not ours: its tag managed-by is None"):
        lifecycle.teardown()
    assert [] == calls.writes()
    assert before == account.inventory()


def test_two_clusters_in_one_account_are_independent(lifecycle, account):
    """Names and tags contain the identifier."""
    lifecycle.provision(identifier="one")
    only_one = account.inventory()
    lifecycle.provision(identifier="two")
    lifecycle.teardown(identifier="two", confirmation="two", final_snapshot=False)
    assert only_one == account.inventory()
