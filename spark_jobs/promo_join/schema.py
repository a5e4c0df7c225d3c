"""Where promo reads: the campaigns of restaurants and its own wake-ups, each on its cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spark_jobs.lib.kafka import cluster_options, source_options
from weir.kafka.cluster import Cluster, main_cluster, promo_input, settings_at
from weir.ops.streams import StreamSpec
from weir.settings import Settings

COLUMNS = ("topic", "partition", "offset", "timestamp", "key", "value")


@dataclass(frozen=True, kw_only=True)
class Input:
    """One topic, and the settings with which its cluster is the main one. `incarnation`: that of
    its dead letters, once it was begun."""

    topic: str
    settings: Settings
    cluster: Cluster
    incarnation: str = ""

    def options(self, spec: StreamSpec, start: Mapping[int, int]) -> dict[str, str]:
        """Options of Spark's source for this topic from `start` on."""
        own = spec.model_copy(update={"topic": self.topic})
        return source_options(self.settings, own, start) | cluster_options(
            self.settings, self.cluster
        )


def inputs_of(settings: Settings) -> tuple[Input, Input]:
    """Campaigns, perhaps from a company's cluster, and the wake-ups, which are always ours."""
    company = promo_input(settings)
    campaigns = Input(
        topic=settings.promo_in_topic, settings=settings_at(settings, company), cluster=company
    )
    wakeups = Input(
        topic=settings.promo_wakeups_topic, settings=settings, cluster=main_cluster(settings)
    )
    return campaigns, wakeups
