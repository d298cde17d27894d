"""Alerts to an SNS topic: a task has failed for good; a task goes on, but somebody should look at something."""

from __future__ import annotations

import copy
from typing import Any

from airflow.providers.amazon.aws.hooks.sns import SnsHook
from airflow.providers.amazon.aws.notifications.sns import SnsNotifier
from botocore.config import Config

# SNS takes a subject of 100 printable ASCII characters and a message of 262,144 bytes. A subscribed queue takes as many
# with an envelope around the message, in which a character can become six bytes.
MOST_OF_SUBJECT = 100
MOST_OF_MESSAGE = 32_768
SUBJECT = "{{ dag.dag_id }}: {{ ti.task_id }} failed"

# A task that was killed has no exception.
MESSAGE = """\
Task {{ ti.task_id }} of DAG {{ dag.dag_id }}, run {{ run_id }}, failed.

{{ exception if exception is defined and exception else 'The task ended without an exception; see its log.' }}

{{ ti.log_url }}
"""

# A warning must not delay the task that sends it: with botocore's defaults an unreachable SNS takes minutes.
IMPATIENT = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


def subject_line(text: str) -> str:
    """`text` as a subject that SNS takes: one line, other characters as question marks, 100 at most."""
    line = " ".join(text.split()).encode("ascii", "replace").decode()
    return line[:MOST_OF_SUBJECT]


def message_body(text: str) -> str:
    """`text` as a message that SNS takes: its first 32,768 bytes."""
    return text.encode()[:MOST_OF_MESSAGE].decode(errors="ignore")


class FailureAlert(SnsNotifier):
    """The provider's notifier for `on_failure_callback` of tasks, which may have no topic to notify.

    A task's callback runs where the task ran and has its exception, with the descriptions of the failed checks; a DAG's
    callback runs in the DAG processor and has none. The callback runs after the last try, not before.

    :param topic: the topic's ARN as a template; where it is empty nothing is sent.
    """

    def __init__(self, *, topic: str, **kwargs: Any) -> None:
        super().__init__(target_arn=topic, subject=SUBJECT, message=MESSAGE, **kwargs)

    def __call__(self, *args: Any) -> None:
        """Notify with a copy: rendering replaces the templates for good, and one object may serve many tasks."""
        super(FailureAlert, copy.copy(self)).__call__(*args)

    def notify(self, context: Any) -> None:
        """Send it, if there is a topic."""
        if self.target_arn:
            self.subject, self.message = subject_line(self.subject or ""), message_body(self.message)
            super().notify(context)


def send_warning(topic: str | None, subject: str, message: str, aws_conn_id: str | None, log: Any) -> None:
    """Send a warning to an SNS topic; do nothing without a topic. It never fails the task that sends it.

    If it cannot be sent, the task's log says why. The subject is cut to 100 characters. Subject and message leave the
    account with the topic's subscribers, so they must not hold values of rows.
    """
    if not topic:
        return
    try:
        hook = SnsHook(aws_conn_id=aws_conn_id, config=IMPATIENT)
        hook.publish_to_target(target_arn=topic, message=message_body(message), subject=subject_line(subject))
    except Exception:
        log.warning("the warning %r was not sent to %s", subject, topic, exc_info=True)
    else:
        log.info("the warning %r was sent to %s", subject, topic)
