"""The base class of the cluster operators: settings as templates, one AWS account, errors that need no retry."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from warehouse.cluster.account import Account, AccountError


class ClusterOperator(BaseOperator):
    """Base class of the operators that work on a cluster and its parts.

    :param settings: the cluster's settings as templates (see warehouse.cluster.settings). Operators that only find or
        delete parts need just `identifier` and `managed_by`.
    :param aws_conn_id: the connection that holds the credentials and the region.
    """

    template_fields: Sequence[str] = ("settings",)

    def __init__(self, *, settings: Mapping[str, str], aws_conn_id: str = "aws_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.settings = settings
        self.aws_conn_id = aws_conn_id

    @cached_property
    def account(self) -> Account:
        """The AWS account of the connection."""
        return Account(self.aws_conn_id)

    @contextlib.contextmanager
    def fail_without_retry(self) -> Iterator[None]:
        """Turn AccountError and ValueError, which a retry cannot fix, into AirflowFailException."""
        try:
            yield
        except (AccountError, ValueError) as error:
            raise AirflowFailException(str(error)) from error
