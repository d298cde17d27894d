"""Tell how a cluster is reached: the connection and Variables to put into Airflow, word for word."""

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
    """Log endpoint, role, connection and Variables. No password is in them: the login is by IAM, for an hour each.

    :param conn_id: what the connection is called.
    :param variables: the Variables to set, as templates.
    """

    template_fields: Sequence[str] = (*ClusterOperator.template_fields, "variables")

    def __init__(self, *, conn_id: str, variables: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.variables = variables

    def connection(self, settings: ClusterSettings, host: str) -> dict[str, Any]:
        """Of type Amazon Redshift, whose driver asks AWS for the password itself, by the worker's own credentials."""
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

    def other_connection(self, settings: ClusterSettings, host: str) -> dict[str, Any]:
        """Of type Postgres, whose hook asks AWS for the password by the connection's credentials."""
        extra = {
            "iam": True,
            "redshift": True,
            "cluster-identifier": settings.identifier,
            "aws_conn_id": self.aws_conn_id,
            "sslmode": "require",
        }
        return {**self.connection(settings, host), "conn_type": "postgres", "extra": extra}

    def execute(self, context: Any) -> dict[str, Any]:
        """Show it, and hand it on for who wants to read it by the API."""
        with self.told():
            settings = ClusterSettings.parse(self.settings)
            found = Cluster(self.account, settings).own()
            if found is None or not found.facts["endpoint"]:
                raise AccountError(f"cluster {settings.identifier!r} has no endpoint")
            role = Role(self.account, settings).arn
        host = str(found.facts["endpoint"])
        shown = {
            "endpoint": f"{host}:{settings.port}",
            "role": role,
            "connection": json.dumps(self.connection(settings, host)),
            "other_connection": json.dumps(self.other_connection(settings, host)),
            "variables": dict(self.variables),
        }
        name = f"AIRFLOW_CONN_{self.conn_id.upper()}"
        self.log.info("endpoint: %s", shown["endpoint"])
        self.log.info("role: %s", role)
        self.log.info(
            "connection, where Airflow's workers have AWS credentials of their own (a role, or AWS_ variables):\n%s=%s",
            name,
            shlex.quote(str(shown["connection"])),
        )
        self.log.info(
            "or, where only the connection %s has them:\n%s=%s",
            self.aws_conn_id,
            name,
            shlex.quote(str(shown["other_connection"])),
        )
        for variable, value in self.variables.items():
            self.log.info("variable: AIRFLOW_VAR_%s=%s", variable.upper(), shlex.quote(value))
        return shown
