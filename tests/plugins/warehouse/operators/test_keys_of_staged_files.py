"""What a stage task says of the JSON keys of the files it has copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.plugins.warehouse.operators.conftest import sale


def refusing(error: Exception, call: Callable[..., Any]) -> Callable[..., Any]:
    """botocore's call, which raises the error for GetObject."""

    def make_api_call(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "GetObject":
            raise error
        return call(client, operation, parameters)

    return make_api_call


def test_keys_that_no_column_is_filled_from_are_a_warning(shop, warnings):
    """And those that every record lacks: COPY says nothing of either."""
    shop.sales("05", *[{"till": "A", "number": 1, "soldAt": "x", "item": "tea", "customer": "Ann", "city": "Oslo"}])
    outcome = shop.run().open().stage()
    expected = "sales/2018-11-05.json: no column is filled from the keys soldAt; no record has the keys sold_at"
    assert [expected] == outcome["warnings"] == warnings()


def test_keys_that_may_be_somebodys_are_not_named(shop):
    """Nor more than ten."""
    names = {f"field_{number:02}": 1 for number in range(12)}
    shop.sales("05", sale(1) | names | {"jane@example.org": 1})
    (warning,) = shop.run().open().stage()["warnings"]
    assert warning.endswith("filled from the keys " + ", ".join(sorted(names)[:10]) + ", 3 more")


def test_files_that_cannot_be_looked_at_are_loaded(shop, s3, monkeypatch):
    """COPY reads by a role of its own; Airflow's may only list."""
    shop.sales("05", sale(1))
    denied = ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "GetObject")
    monkeypatch.setattr(BaseClient, "_make_api_call", refusing(denied, BaseClient._make_api_call))
    outcome = shop.run().open().stage()
    assert 1 == outcome["rows"]
    (warning,) = outcome["warnings"]
    assert warning.startswith("the files' JSON keys could not be looked at: An error occurred (AccessDenied)")
