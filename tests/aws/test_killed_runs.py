"""A run can be killed between any two API calls, and the next run reaches the same state."""

from __future__ import annotations

import json

import pytest

from tests.aws.conftest import Killed, call_moto, killed_after

# The number of calls of an undisturbed run, with subnets, so that the run creates every part.
PROVISION_CALLS = 27
TEARDOWN_CALLS = 21

UNDISTURBED: list[str] = []


def state(account, bucket) -> str:
    """Return the account's inventory as JSON, without what differs between tests."""
    inventory = account.inventory()
    del inventory["vpcs"]
    return json.dumps(inventory, sort_keys=True).replace(bucket, "BUCKET")


def undisturbed_state(lifecycle, account, bucket) -> str:
    """Return the state after an undisturbed run, and leave the account empty."""
    if not UNDISTURBED:
        lifecycle.provision(subnets=account.subnets())
        UNDISTURBED.append(state(account, bucket))
        call_moto("reset")
    return UNDISTURBED[0]


def test_the_call_counts_are_those_of_undisturbed_runs(lifecycle, account, calls):
    """Otherwise the tests below would miss a kill after a newly added call."""
    subnets = account.subnets()
    calls.clear()
    lifecycle.provision(subnets=subnets)
    provisioning = len(calls)
    calls.clear()
    lifecycle.teardown()
    assert (PROVISION_CALLS, TEARDOWN_CALLS) == (provisioning, len(calls))


@pytest.mark.parametrize("number", range(PROVISION_CALLS + 1))
def test_the_next_run_finishes_a_killed_provisioning(lifecycle, account, bucket, calls, number):
    """Killed before the first call or after any call."""
    undisturbed = undisturbed_state(lifecycle, account, bucket)
    with pytest.raises(Killed), killed_after(calls, number):
        lifecycle.provision(subnets=account.subnets())
    lifecycle.provision(subnets=account.subnets())
    assert undisturbed == state(account, bucket)


@pytest.mark.parametrize("number", range(TEARDOWN_CALLS + 1))
def test_the_next_run_finishes_a_killed_teardown(lifecycle, account, calls, number):
    """Nothing remains except one snapshot."""
    before = account.inventory()
    lifecycle.provision(subnets=account.subnets())
    with pytest.raises(Killed), killed_after(calls, number):
        lifecycle.teardown()
    lifecycle.teardown()
    found = account.inventory()
    assert 1 == len(found.pop("snapshots"))
    before.pop("snapshots")
    assert before == found
