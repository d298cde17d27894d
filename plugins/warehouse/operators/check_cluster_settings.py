"""Look before anything is created: at the settings, the credentials, the buckets, and what exists already."""

from __future__ import annotations

from typing import Any

from warehouse.cluster.cluster import parts_of
from warehouse.cluster.settings import ClusterSettings
from warehouse.operators.cluster_base import ClusterOperator


class CheckClusterSettingsOperator(ClusterOperator):
    """Fail unless everything can be created, or is there as it should be. Changes nothing."""

    def execute(self, context: Any) -> dict[str, str]:
        """What each part will be met with."""
        with self.told():
            settings = ClusterSettings.parse(self.settings)
            identity = self.account.identity
            self.log.info("account %s, region %s", identity.account, identity.region)
            for bucket in settings.buckets:
                self.account.require_bucket(bucket)
            plan = {}
            for name, part in parts_of(self.account, settings).items():
                found = part.own()
                if found is not None:
                    part.refuse_differences(found)
                plan[name] = "exists" if found else "will be created" if part.is_wanted else "not needed"
                self.log.info("%s: %s", part.describe(), plan[name])
            self.account.vpc(settings.subnets)
        return plan
