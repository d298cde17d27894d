"""Test that the cluster can read S3 with its role: COPY one object with NOLOAD, which reads it and loads no rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException, AirflowSkipException

from warehouse.cluster.account import AccountError
from warehouse.cluster.cluster import Cluster
from warehouse.cluster.settings import ClusterSettings
from warehouse.errors import DatabaseError
from warehouse.identifiers import iam_role, literal, region
from warehouse.operators.cluster_base import ClusterOperator
from warehouse.s3_objects import compression, objects
from warehouse.session import transaction


class TryCopyOperator(ClusterOperator):
    """Read one object with the cluster's default role; skip if there is no connection to this cluster.

    A connection belongs to this cluster if its host is the cluster's endpoint or its extra contains the cluster's
    identifier. The operator does not log in to any other warehouse.

    :param conn_id: the warehouse's connection.
    :param prefix: the prefix of the JSON object to read, in the bucket of the settings.
    :param region_name: the bucket's region.
    """

    template_fields: Sequence[str] = (*ClusterOperator.template_fields, "region_name")

    def __init__(self, *, conn_id: str, prefix: str, region_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.prefix = prefix
        self.region_name = region_name

    def connection(self) -> Connection:
        """Return the connection; raise AirflowSkipException if it does not exist yet."""
        try:
            return BaseHook.get_connection(self.conn_id)
        except AirflowNotFoundException:
            raise AirflowSkipException(
                f"not tested: connection {self.conn_id!r} does not exist yet; the next task shows how to create it"
            ) from None

    def hook(self, cluster: Cluster) -> DbApiHook:
        """Return a hook for the cluster; raise AirflowSkipException if the connection points elsewhere."""
        connection = self.connection()
        existing = cluster.find_own()
        if existing is None:
            raise AccountError(f"{cluster.describe()} does not exist: create it, then run again")
        extra = connection.extra_dejson
        identifiers = {extra.get("cluster_identifier"), extra.get("cluster-identifier")}
        if connection.host != existing.attributes["endpoint"] and cluster.name not in identifiers:
            raise AirflowSkipException(
                f"not tested: connection {self.conn_id!r} points to {connection.host!r}, not to "
                f"{existing.attributes['endpoint']!r}"
            )
        hook: DbApiHook = connection.get_hook()
        return hook

    def first_object(self, bucket: str) -> str:
        """Return the key of an object to read; raise AirflowSkipException if there is none."""
        answer = self.account.client("s3").list_objects_v2(Bucket=bucket, Prefix=self.prefix, MaxKeys=10)
        found = objects(answer.get("Contents", []))
        if not found:
            raise AirflowSkipException(f"not tested: there is no object below s3://{bucket}/{self.prefix}")
        return found[0].key

    def execute(self, context: Any) -> str:
        """Return the S3 URL of the object that was read."""
        with self.fail_without_retry():
            settings = ClusterSettings.parse(self.settings)
            hook = self.hook(Cluster(self.account, settings))
            key = self.first_object(settings.bucket)
            location = f"s3://{settings.bucket}/{key}"
            statement = (
                f"COPY probe FROM {literal(location)} {iam_role('default')} FORMAT AS JSON 'auto' "
                f"REGION {literal(region(self.region_name))} {compression(key) or ''} NOLOAD"
            )
        with transaction(hook, self.log) as session:
            session.execute("CREATE TEMPORARY TABLE probe (nothing VARCHAR(1))")
            try:
                session.execute(statement)
            except DatabaseError as error:
                raise AirflowFailException(
                    f"the cluster cannot read {location} with its default role: {error}"
                ) from error
        self.log.info("the cluster can read %s with its default role", location)
        return location
