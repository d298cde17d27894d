"""What provisioning created goes, and only that."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException


def test_by_default_one_snapshot_stays(lifecycle, account):
    """It is named for the cluster and the moment, listed at the end, and the only difference."""
    before = account.holdings()
    lifecycle.provision()
    kept = lifecycle.teardown()["check_nothing_left"]
    (snapshot,) = kept
    assert snapshot.startswith("sparkify-final-2026")
    assert before | {"snapshots": [snapshot]} == account.holdings()


def test_a_dry_run_deletes_nothing_and_shows_the_plan(lifecycle, account, calls):
    """Everything after the plan is skipped."""
    lifecycle.provision()
    before = account.holdings()
    calls.clear()
    returned = lifecycle.teardown(dry_run=True)
    assert {"skipped"} == set(returned.values())
    assert [] == calls.changes()
    assert before == account.holdings()


def test_the_plan_names_what_goes_in_order(lifecycle):
    """The cluster before what it uses."""
    lifecycle.provision()
    assert lifecycle.teardown()["plan"] == [
        "cluster 'sparkify'",
        "security group 'redshift-sparkify'",
        "IAM role 'redshift-sparkify'",
    ]


@pytest.mark.parametrize("typed", ["", "Sparkify", "sparkify ", "yes"])
def test_another_word_than_the_clusters_name_deletes_nothing(lifecycle, account, calls, typed):
    """It is not even looked at."""
    lifecycle.provision()
    calls.clear()
    with pytest.raises(AirflowFailException, match=f"nothing was deleted.*the confirmation says '{typed}'"):
        lifecycle.teardown(confirmation=typed)
    assert [] == calls


@pytest.mark.parametrize("foreign", ["cluster", "role", "security group"])
def test_what_is_not_ours_stays(lifecycle, account, calls, foreign):
    """It has the name but not the tag: the run fails before anything is deleted."""
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
    before = account.holdings()
    calls.clear()
    with pytest.raises(AirflowFailException, match=f"{foreign} .* exists and is not ours: its tag managed-by is None"):
        lifecycle.teardown()
    assert [] == calls.changes()
    assert before == account.holdings()


def test_two_clusters_of_one_account_do_not_touch_each_other(lifecycle, account):
    """Names and tags carry the identifier."""
    lifecycle.provision(identifier="one")
    only_one = account.holdings()
    lifecycle.provision(identifier="two")
    lifecycle.teardown(identifier="two", confirmation="two", final_snapshot=False)
    assert only_one == account.holdings()
