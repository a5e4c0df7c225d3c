"""What Prometheus scrapes, as its configuration: one builder for the laptop and for containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from weir.platform.layout import Layout
from weir.ports import Port

# A driver's names begin with its stream's name: as a label it is one metric for all streams.
DRIVER_NAMES = "metrics_(.+?)_driver_(.+)"
DRIVER_RELABELLING = (
    {"source_labels": ["__name__"], "regex": DRIVER_NAMES, "target_label": "stream"},
    {
        "source_labels": ["__name__"],
        "regex": DRIVER_NAMES,
        "target_label": "__name__",
        "replacement": "spark_driver_$2",
    },
)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One kind of target. A job of the driver's kind has the stream's name taken out of names."""

    name: str
    addresses: Sequence[str]
    path: str = "/metrics"
    of_drivers: bool = False

    def as_config(self) -> dict[str, Any]:
        """The entry of `scrape_configs`."""
        found: dict[str, Any] = {
            "job_name": self.name,
            "metrics_path": self.path,
            "static_configs": [{"targets": list(self.addresses)}],
        }
        if self.of_drivers:
            found["metric_relabel_configs"] = [dict(step) for step in DRIVER_RELABELLING]
        return found


def local_jobs(layout: Layout, *, streams: int, exporters: Mapping[str, Port]) -> list[Job]:
    """The targets of the local platform; of the exporters only those that are installed.

    Drivers open their pages at the first free port from 4040 on, one per running stream.
    """
    settings = layout.settings

    def at(port: Port, count: int = 1) -> list[str]:
        return [f"127.0.0.1:{settings.port(port, i)}" for i in range(count)]

    jobs = jobs_of(
        weir=at(Port.METRICS),
        brokers=at(Port.KAFKA_METRICS, settings.kafka_brokers),
        master=at(Port.SPARK_MASTER_UI),
        workers=at(Port.SPARK_WORKER_UI, settings.spark_workers),
        drivers=at(Port.SPARK_DRIVER_UI, streams),
        exporters={name: at(port)[0] for name, port in exporters.items()},
    )
    own = {"prometheus": Port.PROMETHEUS, "alertmanager": Port.ALERTMANAGER}
    return [*jobs, *(Job(name=name, addresses=at(port)) for name, port in own.items())]


def container_jobs(brokers: Sequence[str], *, streams: int) -> list[Job]:
    """The targets of docker-compose.yaml. Prometheus shares the loopback of the API there."""

    def at(name: str, port: Port) -> str:
        return f"{name}:{port.value}"

    jobs = jobs_of(
        weir=[at("127.0.0.1", Port.METRICS)],
        brokers=[at(name, Port.KAFKA_METRICS) for name in brokers],
        master=[at("spark-master", Port.SPARK_MASTER_UI)],
        workers=[at("spark-worker", Port.SPARK_WORKER_UI)],
        drivers=[f"spark-worker:{Port.SPARK_DRIVER_UI.value + i}" for i in range(streams)],
        exporters={
            "host": at("exporter-host", Port.NODE_EXPORTER),
            "postgres": at("exporter-postgres", Port.POSTGRES_EXPORTER),
            "redis": at("exporter-redis", Port.REDIS_EXPORTER),
        },
    )
    own = {"prometheus": at("127.0.0.1", Port.PROMETHEUS)}
    own["alertmanager"] = at("alertmanager", Port.ALERTMANAGER)
    return [*jobs, *(Job(name=name, addresses=[address]) for name, address in own.items())]


def jobs_of(
    *,
    weir: Sequence[str],
    brokers: Sequence[str],
    master: Sequence[str],
    workers: Sequence[str],
    drivers: Sequence[str],
    exporters: Mapping[str, str],
) -> list[Job]:
    """The jobs that rules and dashboards rely on, at these addresses."""
    executors = "/metrics/executors/prometheus"
    return [
        Job(name="weir", addresses=weir),
        Job(name="kafka", addresses=brokers),
        Job(name="spark-master", addresses=master, path="/metrics/master/prometheus"),
        Job(name="spark-worker", addresses=workers, path="/metrics/prometheus"),
        Job(name="spark-driver", addresses=drivers, path="/metrics/prometheus", of_drivers=True),
        Job(name="spark-executors", addresses=drivers, path=executors),
        *(Job(name=name, addresses=[address]) for name, address in exporters.items()),
    ]


def prometheus_config(
    jobs: Sequence[Job], *, rules: str, alertmanager: str, every_seconds: float = 15
) -> str:
    """The text of prometheus.yml. `rules` is a glob of rule files."""
    every = f"{round(every_seconds * 1000)}ms" if every_seconds < 1 else f"{every_seconds:.0f}s"
    return yaml.safe_dump(
        {
            "global": {"scrape_interval": every, "evaluation_interval": every},
            "rule_files": [rules],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
            "scrape_configs": [job.as_config() for job in jobs],
        },
        sort_keys=False,
    )
