"""Show how to reach a cluster: the exact connection and Variables to add to Airflow."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from warehouse.cluster.account import AccountError
from warehouse.cluster.cluster import Cluster
from warehouse.cluster.role import Role
from warehouse.cluster.settings import ClusterSettings
from warehouse.operators.cluster_base import ClusterOperator


class ShowConnectionOperator(ClusterOperator):
    """Log the endpoint, role, connection and Variables.

    The connection contains no password: each login fetches a temporary one from IAM, valid for 15 minutes.

    :param conn_id: the id of the connection to show.
    :param variables: the Variables to show, by name, as templates.
    """

    template_fields: Sequence[str] = (*ClusterOperator.template_fields, "variables")

    def __init__(self, *, conn_id: str, variables: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.variables = variables

    def redshift_connection(self, settings: ClusterSettings, host: str) -> dict[str, Any]:
        """Return a connection of type Amazon Redshift. Its driver gets the password with the worker's credentials."""
        return {
            "conn_type": "redshift",
            "host": host,
            "port": settings.port,
            "login": settings.master_user,
            "schema": settings.database,
            "extra": {
                "iam": True,
                "cluster_identifier": settings.identifier,
                "db_user": settings.master_user,
                "region": self.account.identity.region,
            },
        }

    def postgres_connection(self, settings: ClusterSettings, host: str) -> dict[str, Any]:
        """Return a connection of type Postgres. Its hook gets the password with the credentials of `aws_conn_id`."""
        extra = {
            "iam": True,
            "redshift": True,
            "cluster-identifier": settings.identifier,
            "aws_conn_id": self.aws_conn_id,
            "sslmode": "require",
        }
        return {**self.redshift_connection(settings, host), "conn_type": "postgres", "extra": extra}

    def execute(self, context: Any) -> dict[str, Any]:
        """Log everything, and return it for users who read it through the API."""
        with self.fail_without_retry():
            settings = ClusterSettings.parse(self.settings)
            existing = Cluster(self.account, settings).find_own()
            if existing is None or not existing.attributes["endpoint"]:
                raise AccountError(
                    f"cluster {settings.identifier!r} has no endpoint: wait until it is available, then run again"
                )
            role = Role(self.account, settings).arn
        host = str(existing.attributes["endpoint"])
        shown = {
            "endpoint": f"{host}:{settings.port}",
            "role": role,
            "connection": json.dumps(self.redshift_connection(settings, host)),
            "other_connection": json.dumps(self.postgres_connection(settings, host)),
            "variables": dict(self.variables),
        }
        name = f"AIRFLOW_CONN_{self.conn_id.upper()}"
        self.log.info("endpoint: %s", shown["endpoint"])
        self.log.info("role: %s", role)
        self.log.info(
            "connection, if Airflow's workers have their own AWS credentials (a role or AWS_* variables):\n%s=%s",
            name,
            shlex.quote(str(shown["connection"])),
        )
        self.log.info(
            "connection, if only the connection %s has AWS credentials:\n%s=%s",
            self.aws_conn_id,
            name,
            shlex.quote(str(shown["other_connection"])),
        )
        for variable, value in self.variables.items():
            self.log.info("variable: AIRFLOW_VAR_%s=%s", variable.upper(), shlex.quote(value))
        return shown
