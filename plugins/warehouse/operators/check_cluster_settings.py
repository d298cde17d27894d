"""Check settings, credentials, buckets and existing resources before anything is created."""

from __future__ import annotations

from typing import Any

from warehouse.cluster.cluster import parts_of
from warehouse.cluster.settings import ClusterSettings
from warehouse.operators.cluster_base import ClusterOperator


class CheckClusterSettingsOperator(ClusterOperator):
    """Fail unless every part either can be created or already exists as configured. Changes nothing."""

    def execute(self, context: Any) -> dict[str, str]:
        """Return for each part `exists`, `will be created` or `not needed`."""
        with self.fail_without_retry():
            settings = ClusterSettings.parse(self.settings)
            identity = self.account.identity
            self.log.info("account %s, region %s", identity.account, identity.region)
            for bucket in settings.buckets:
                self.account.require_bucket(bucket)
            plan = {}
            for name, part in parts_of(self.account, settings).items():
                existing = part.find_own()
                if existing is not None:
                    part.require_no_differences(existing)
                plan[name] = "exists" if existing else "will be created" if part.is_needed else "not needed"
                self.log.info("%s: %s", part.describe(), plan[name])
            self.account.vpc(settings.subnets)
        return plan
