"""A run may die between any two API calls; the next one ends where it would have ended."""

from __future__ import annotations

import json

import pytest

from tests.aws.conftest import Killed, killed_after, moto

# With subnets, so that every part there can be takes part.
PROVISION_CALLS = 27
TEARDOWN_CALLS = 21


UNDISTURBED: list[str] = []


def state(account, bucket) -> str:
    """The account, less what differs from test to test."""
    holdings = account.holdings()
    del holdings["vpcs"]
    return json.dumps(holdings, sort_keys=True).replace(bucket, "BUCKET")


def end_of_a_whole_run(lifecycle, account, bucket) -> str:
    """The state after a run that nobody killed; the account is empty again."""
    if not UNDISTURBED:
        lifecycle.provision(subnets=account.subnets())
        UNDISTURBED.append(state(account, bucket))
        moto("reset")
    return UNDISTURBED[0]


def test_the_numbers_of_calls_below_are_those_of_whole_runs(lifecycle, account, calls):
    """Or a call that was added would not be tried."""
    subnets = account.subnets()
    calls.clear()
    lifecycle.provision(subnets=subnets)
    provisioning = len(calls)
    calls.clear()
    lifecycle.teardown()
    assert (PROVISION_CALLS, TEARDOWN_CALLS) == (provisioning, len(calls))


@pytest.mark.parametrize("number", range(PROVISION_CALLS + 1))
def test_a_provisioning_that_died_is_finished_by_the_next(lifecycle, account, bucket, calls, number):
    """Killed before the first call, or after any."""
    undisturbed = end_of_a_whole_run(lifecycle, account, bucket)
    with pytest.raises(Killed), killed_after(calls, number):
        lifecycle.provision(subnets=account.subnets())
    lifecycle.provision(subnets=account.subnets())
    assert undisturbed == state(account, bucket)


@pytest.mark.parametrize("number", range(TEARDOWN_CALLS + 1))
def test_a_teardown_that_died_is_finished_by_the_next(lifecycle, account, calls, number):
    """Nothing is left, and there is one snapshot, not two."""
    before = account.holdings()
    lifecycle.provision(subnets=account.subnets())
    with pytest.raises(Killed), killed_after(calls, number):
        lifecycle.teardown()
    lifecycle.teardown()
    found = account.holdings()
    assert 1 == len(found.pop("snapshots"))
    before.pop("snapshots")
    assert before == found
