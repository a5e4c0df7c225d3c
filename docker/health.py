"""Health check of a container by the platform's own checks: `python docker/health.py COMPONENT`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import psutil

from weir.platform import services
from weir.platform.airflow import NAMES, Airflow
from weir.platform.component import Component
from weir.platform.layout import Layout
from weir.platform.spark import Spark
from weir.settings import load_settings


def airflow(layout: Layout, name: str) -> Component:
    """A part of Airflow."""
    return next(part for part in Airflow(layout).components() if part.name == name)


def shop(layout: Layout) -> Component:
    """The sample shop; in its container no supervisor wrote down its process id."""

    def at_work() -> bool:
        processes = psutil.process_iter(["cmdline"])
        return any(
            p.info["cmdline"][-3:] == component.argv[-3:] for p in processes if p.info["cmdline"]
        )

    component = services.market_shop(layout)
    return replace(component, healthy=at_work)


CHECKS: dict[str, Callable[[Layout], Component]] = {
    "spark-master": lambda layout: Spark(layout).master(),
    "spark-worker": lambda layout: Spark(layout).worker(0),
    "wikimedia-sample": services.wikimedia_sample,
    "collect-wikimedia": lambda layout: services.collector(layout, "wikimedia"),
    "api": services.api,
    "reconcile": services.reconcile,
    "promo-wake": services.promo_wake,
    "market-relay": services.market_relay,
    "market-shop": shop,
    **{name: lambda layout, name=name: airflow(layout, name) for name in NAMES},
}

if __name__ == "__main__":
    sys.exit(0 if CHECKS[sys.argv[1]](Layout(load_settings())).healthy() else 1)
