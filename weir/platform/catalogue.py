"""Which components one copy of Weir consists of, in start order."""

from __future__ import annotations

from weir.errors import SettingError
from weir.ops.systems import wanted_systems
from weir.platform import monitoring, services
from weir.platform.airflow import Airflow
from weir.platform.component import Component
from weir.platform.kafka import Broker
from weir.platform.layout import Layout
from weir.platform.postgres import Postgres
from weir.platform.redis import Redis
from weir.platform.spark import Spark
from weir.sources.declared import mode_of


def components(layout: Layout) -> list[Component]:
    """Every component of the default set."""
    settings = layout.settings
    spark = Spark(layout)
    found = [
        Postgres(layout).component(),
        *(Broker(layout, i).component() for i in range(settings.kafka_brokers)),
        Redis(layout).component(),
        spark.master(),
        *(spark.worker(i) for i in range(settings.spark_workers)),
    ]
    if mode_of("wikimedia", settings) == "sample" and not settings.wikimedia_url:
        found.append(services.wikimedia_sample(layout))
    found += [services.collector(layout, "wikimedia"), services.api(layout)]
    found.append(services.reconcile(layout))
    if "promo" in wanted_systems(settings):
        found.append(services.promo_wake(layout))
    if settings.airflow:
        found += Airflow(layout).components()
    return [*found, *monitoring.components(layout)]


def select(everything: list[Component], only: str) -> list[Component]:
    """The components named by comma in `only` (a prefix such as `kafka` takes all brokers)."""
    if not only:
        return everything
    wanted = [name.strip() for name in only.split(",")]
    for name in wanted:
        if not any(c.name == name or c.name.startswith(f"{name}-") for c in everything):
            known = ", ".join(c.name for c in everything)
            raise SettingError(f"no component is named {name!r}", f"there are: {known}")
    return [
        c for c in everything if any(c.name in (n,) or c.name.startswith(f"{n}-") for n in wanted)
    ]
