"""The Variables of Airflow that configure the DAGs, as templates, and what all tasks of a DAG have in common."""

from __future__ import annotations

import datetime
import os
from typing import Any

from warehouse.retries import TransientFailuresOnly

BUCKET = "{{ var.value.get('sparkify_bucket', 'udacity-dend') }}"
REGION = "{{ var.value.get('sparkify_region', 'us-west-2') }}"
ROLE = "{{ var.value.get('sparkify_iam_role', 'default') }}"
WORK_PREFIX = "{{ var.value.get('sparkify_work_prefix', '') }}"
READERS = "{{ var.value.get('sparkify_readers', '') }}"
WAIT_HOURS = "{{ var.value.get('sparkify_wait_hours', '6') }}"
MAX_ERRORS = "{{ var.value.get('sparkify_max_errors', '0') }}"
ALERT_TOPIC = "{{ var.value.get('sparkify_alert_topic', '') }}"

# A maintenance window or a resuming cluster can take half an hour. Airflow doubles the delay and adds up to as much at
# random: five retries take 24 to 35 minutes. The environment can shorten it, where nothing takes that long.
RETRY_DELAY = datetime.timedelta(seconds=float(os.environ.get("SPARKIFY_RETRY_DELAY", "45")))

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "data-engineering",
    "retries": 5,
    "retry_delay": RETRY_DELAY,
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": RETRY_DELAY * 16,
    "retry_policy": TransientFailuresOnly(),
}
