"""Try whether the cluster may read S3 by its role: COPY of one object with NOLOAD, which reads and keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException, AirflowSkipException

from warehouse.cluster.account import AccountError
from warehouse.cluster.cluster import Cluster
from warehouse.cluster.settings import ClusterSettings
from warehouse.identifiers import iam_role, literal, region
from warehouse.operators.cluster_base import ClusterOperator
from warehouse.s3_objects import compression, objects
from warehouse.session import transaction


class TryCopyOperator(ClusterOperator):
    """Read one object by the cluster's default role, where a login is possible; skip where it is not.

    It is possible where the connection leads to this very cluster: its host is the cluster's endpoint, or its extra
    names the cluster. Another warehouse's connection is not touched.

    :param conn_id: the warehouse's connection.
    :param prefix: below it lies the object, in the settings' bucket: JSON.
    :param region_name: the bucket's region.
    """

    template_fields: Sequence[str] = (*ClusterOperator.template_fields, "region_name")

    def __init__(self, *, conn_id: str, prefix: str, region_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.prefix = prefix
        self.region_name = region_name

    def connection(self) -> Connection:
        """The connection; skips when there is none yet."""
        try:
            return BaseHook.get_connection(self.conn_id)
        except AirflowNotFoundException:
            raise AirflowSkipException(
                f"not tried: there is no connection {self.conn_id!r} yet; the next task shows what to create"
            ) from None

    def hook(self, cluster: Cluster) -> DbApiHook:
        """A hook that leads to the cluster; skips when the connection leads elsewhere."""
        connection = self.connection()
        found = cluster.own()
        if found is None:
            raise AccountError(f"{cluster.describe()} does not exist")
        extra = connection.extra_dejson
        named = {extra.get("cluster_identifier"), extra.get("cluster-identifier")}
        if connection.host != found.facts["endpoint"] and cluster.name not in named:
            raise AirflowSkipException(
                f"not tried: connection {self.conn_id!r} leads to {connection.host!r}, not to "
                f"{found.facts['endpoint']!r}"
            )
        hook: DbApiHook = connection.get_hook()
        return hook

    def first_object(self, bucket: str) -> str:
        """The key of an object to read; skips when there is none."""
        answer = self.account.client("s3").list_objects_v2(Bucket=bucket, Prefix=self.prefix, MaxKeys=10)
        found = objects(answer.get("Contents", []))
        if not found:
            raise AirflowSkipException(f"not tried: nothing lies below s3://{bucket}/{self.prefix}")
        return found[0].key

    def execute(self, context: Any) -> str:
        """The object that was read."""
        with self.told():
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
            except session.database_errors as error:
                raise AirflowFailException(
                    f"the cluster cannot read {location} by its default role: {error}"
                ) from error
        self.log.info("the cluster reads %s by its default role", location)
        return location
