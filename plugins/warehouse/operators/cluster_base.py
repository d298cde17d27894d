"""What the operators of a cluster share: settings as text, one account, errors told in one sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from warehouse.cluster.account import Account, AccountError


class ClusterOperator(BaseOperator):
    """Base of the operators that work on a cluster and its parts.

    :param settings: the cluster's settings as templates (see warehouse.cluster.settings); those that delete need only
        `identifier` and `managed_by`.
    :param aws_conn_id: the connection with credentials and region.
    """

    template_fields: Sequence[str] = ("settings",)

    def __init__(self, *, settings: Mapping[str, str], aws_conn_id: str = "aws_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.settings = settings
        self.aws_conn_id = aws_conn_id

    @cached_property
    def account(self) -> Account:
        """The account the connection leads to."""
        return Account(self.aws_conn_id)

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Fail at once, in words, for what a second try cannot mend."""
        try:
            yield
        except (AccountError, ValueError) as error:
            raise AirflowFailException(str(error)) from error
