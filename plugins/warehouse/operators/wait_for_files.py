"""Wait for the first file below an S3 prefix, up to a deadline, and then go on without it."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Any

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import timezone
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError

from warehouse.alerts import send_warning

MOST_HOURS = 24 * 365
# A sensor fails at its timeout. This one goes on at its deadline, which must come first for any number of hours.
TIMEOUT = datetime.timedelta(hours=2 * MOST_HOURS)


class WaitForFilesSensor(S3KeySensor):
    """Let a scheduled run wait for its first file; let every other run go on at once.

    A scheduled run starts when its data interval ends, and the files of the interval may come later. Runs that a person
    or a backfill starts are for files that are there. Past the deadline the run goes on without the file: the task
    succeeds, with a warning in its log and to the alert topic. It waits in reschedule mode, so that it holds no worker
    between two looks.

    :param bucket: the bucket.
    :param prefix: the first object whose key begins with it ends the wait. Keys that end in a slash do not count: they
        are folders of the S3 console.
    :param wait_hours: the deadline, in hours after the end of the run's data interval; a number or a template of one.
    :param alert_topic: the ARN of the SNS topic for the warning; nothing is sent where it is empty.
    :param aws_conn_id: the connection for S3 and SNS.
    """

    template_fields: Sequence[str] = (*S3KeySensor.template_fields, "wait_hours", "alert_topic")

    def __init__(
        self,
        *,
        bucket: str,
        prefix: str,
        wait_hours: str | float = 6,
        alert_topic: str = "",
        poke_interval: datetime.timedelta | float = datetime.timedelta(minutes=5),
        **kwargs: Any,
    ) -> None:
        super().__init__(
            bucket_name=bucket,
            bucket_key=prefix,
            **{"mode": "reschedule", "timeout": TIMEOUT, "deferrable": False} | kwargs,
            poke_interval=poke_interval,
        )
        self.wait_hours = wait_hours
        self.alert_topic = alert_topic

    @property
    def location(self) -> str:
        """Where it looks, as a URL."""
        return f"s3://{self.bucket_name}/{self.bucket_key}"

    def deadline(self, context: Any) -> datetime.datetime:
        """When the run goes on without a file. Fails the task if `wait_hours` is no number of hours."""
        try:
            hours = float(self.wait_hours)
        except (TypeError, ValueError):
            hours = math.nan
        if not 0 <= hours <= MOST_HOURS:
            raise AirflowFailException(
                f"not a number of hours to wait: {self.wait_hours!r}; expected a number from 0 to {MOST_HOURS}"
            )
        end: datetime.datetime = context["data_interval_end"]
        return end + datetime.timedelta(hours=hours)

    def has_file(self) -> bool:
        """Whether there is an object below the prefix. Fails the task if the bucket cannot be listed."""
        try:
            listing = self.hook.iter_file_metadata(prefix=self.bucket_key, bucket_name=self.bucket_name)
            return any(not item["Key"].endswith("/") for item in listing)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchBucket", "AccessDenied", "403", "404"):
                raise AirflowFailException(
                    f"cannot list {self.location}: {error}; expected a bucket that {self.aws_conn_id!r} may list"
                ) from error
            raise

    def poke(self, context: Any) -> bool:
        """Whether the run can go on: it is not scheduled, its first file is there, or the deadline is past."""
        if context["dag_run"].run_type != "scheduled":
            self.log.info("not waiting for a file at %s: only scheduled runs wait", self.location)
            return True
        deadline = self.deadline(context)
        if self.has_file():
            self.log.info("there is a file at %s", self.location)
            return True
        if timezone.utcnow() < deadline:
            self.log.info("there is no file at %s yet; waiting until %s", self.location, deadline.isoformat())
            return False
        self.warn(context, deadline)
        return True

    def warn(self, context: Any, deadline: datetime.datetime) -> None:
        """Say that the run goes on without the file, in the log and to the topic."""
        subject = f"{self.dag_id}: no file at {self.location}"
        text = f"no file at {self.location} by {deadline.isoformat()}; the run goes on without it"
        self.log.warning("%s", text)
        message = (
            f"Run {context['run_id']} of {self.dag_id}: {text}.\n"
            f"The first run after the file has arrived loads it.\n\n{context['ti'].log_url}\n"
        )
        send_warning(self.alert_topic, subject, message, self.aws_conn_id, self.log)
