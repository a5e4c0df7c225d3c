"""Health check of a container by the platform's own checks: `python docker/health.py COMPONENT`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from weir.platform import services
from weir.platform.airflow import NAMES, Airflow
from weir.platform.component import Component
from weir.platform.layout import Layout
from weir.platform.spark import Spark
from weir.settings import load_settings


def airflow(layout: Layout, name: str) -> Component:
    """A part of Airflow."""
    return next(part for part in Airflow(layout).components() if part.name == name)


CHECKS: dict[str, Callable[[Layout], Component]] = {
    "spark-master": lambda layout: Spark(layout).master(),
    "spark-worker": lambda layout: Spark(layout).worker(0),
    "wikimedia-sample": services.wikimedia_sample,
    "collect-wikimedia": lambda layout: services.collector(layout, "wikimedia"),
    "api": services.api,
    "reconcile": services.reconcile,
    "promo-wake": services.promo_wake,
    **{name: lambda layout, name=name: airflow(layout, name) for name in NAMES},
}

if __name__ == "__main__":
    sys.exit(0 if CHECKS[sys.argv[1]](Layout(load_settings())).healthy() else 1)
