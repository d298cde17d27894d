"""Tell a topic of SNS when a task has failed for good: which, why, and where its log is."""

from __future__ import annotations

import copy
from typing import Any

from airflow.providers.amazon.aws.notifications.sns import SnsNotifier

# SNS takes 100 printable ASCII characters.
SUBJECT = "{{ (dag.dag_id ~ ': ' ~ ti.task_id ~ ' failed')[:100] }}"

# A task that was killed has no exception.
MESSAGE = """\
{{ ti.task_id }} of {{ dag.dag_id }}, run {{ run_id }}, has failed. What comes after it did not run.

{{ exception if exception is defined and exception else 'It ended without saying why; see its log.' }}

{{ ti.log_url }}
"""


class FailureAlert(SnsNotifier):
    """The provider's notifier for `on_failure_callback` of tasks, which may have no topic to notify.

    A task's callback runs where the task ran and knows its exception, with the failed checks in words; a DAG's callback
    runs in the DAG processor and knows only that something failed. The callback comes after the last try, not before.

    :param topic: the topic's ARN as a template; where it is empty nothing is sent.
    """

    def __init__(self, *, topic: str, **kwargs: Any) -> None:
        super().__init__(target_arn=topic, subject=SUBJECT, message=MESSAGE, **kwargs)

    def __call__(self, *args: Any) -> None:
        """Notify by a copy: rendering replaces the templates for good, and one object may serve many tasks."""
        super(FailureAlert, copy.copy(self)).__call__(*args)

    def notify(self, context: Any) -> None:
        """Send it, if there is a topic."""
        if self.target_arn:
            super().notify(context)


def send_warning(topic, subject, message, *, aws_conn_id, log):
    pass
