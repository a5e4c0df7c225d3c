"""Weir's own processes under the supervisor: sample server, collector, API."""

from __future__ import annotations

import os

import httpx
import psycopg

from weir.clock import utc_now
from weir.errors import WeirError
from weir.platform.component import Component, started
from weir.platform.layout import Layout
from weir.platform.secrets import keep_password
from weir.ports import Port
from weir.store.collectors import fetch_collectors, is_working
from weir.store.postgres import connect

# A pass is a few seconds apart from the next; one that ends a driver takes longer.
RECONCILE_SECONDS = 90.0
ASKS = """
    select exists (
        select from pg_stat_activity
        where application_name = %s
          and query_start > now() - make_interval(secs => %s)
          and backend_start >= to_timestamp(%s)
    )
"""


def answers(url: str) -> bool:
    """Whether `url` answers with a success."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def passed_on(layout: Layout) -> dict[str, str]:
    """The settings of this process, for the processes it starts (no setting holds a secret)."""
    known = ("KAFKA_BOOTSTRAP_SERVERS", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
    given = {k: v for k, v in os.environ.items() if k.startswith("WEIR_") or k in known}
    return given | {"WEIR_HOME": str(layout.home)}


def wikimedia_sample(layout: Layout) -> Component:
    """The local SSE server that stands in for stream.wikimedia.org."""
    port = layout.settings.port(Port.WIKIMEDIA_SAMPLE)
    return Component(
        name="wikimedia-sample",
        argv=[str(layout.python), "-m", "weir.sources.wikimedia.sample_server"],
        port=port,
        env=passed_on(layout),
        healthy=lambda: answers(f"http://127.0.0.1:{port}/_health"),
    )


def collector(layout: Layout, name: str) -> Component:
    """A collector as a service: healthy while a living process says so in `ops.collector`."""

    def works() -> bool:
        try:
            with connect(layout.settings.dsn_file, application_name="weir:health") as connection:
                rows = fetch_collectors(connection)
        except (WeirError, psycopg.Error):
            return False
        return any(row.collector == name and is_working(row, utc_now()) for row in rows)

    return Component(
        name=f"collect-{name}",
        argv=[str(layout.python), "-m", "weir.cli", "collect", name],
        env=passed_on(layout),
        after=("postgres", "kafka"),
        healthy=works,
    )


def api(layout: Layout) -> Component:
    """The HTTP API and the metrics."""
    settings = layout.settings
    return Component(
        name="api",
        argv=[str(layout.python), "-m", "weir.cli", "serve", "api"],
        port=settings.port(Port.API),
        env=passed_on(layout),
        after=("postgres",),
        healthy=lambda: answers(f"{settings.api_url}/healthz"),
        prepare=lambda: make_token(layout),
    )


def make_token(layout: Layout) -> None:
    """The token of the feedback API, unless a file of somebody else's is named."""
    if layout.settings.promo_token_file is None:
        keep_password(layout.secrets / "feedback.token")


def asks(layout: Layout, component: str, application_name: str) -> bool:
    """Whether the process of this component asked PostgreSQL something since it started."""
    since = started(layout, component)
    try:
        with connect(layout.settings.dsn_file, application_name="weir:health") as connection:
            row = connection.execute(ASKS, [application_name, RECONCILE_SECONDS, since]).fetchone()
    except (WeirError, psycopg.Error):
        return False
    return bool(row and row[0])


def reconcile(layout: Layout) -> Component:
    """Puts streams right that nobody else puts right: healthy while it asks PostgreSQL."""
    return Component(
        name="reconcile",
        argv=[str(layout.python), "-m", "weir.cli", "reconcile"],
        env=passed_on(layout),
        after=("postgres",),
        healthy=lambda: asks(layout, "reconcile", "weir-reconcile"),
    )


def promo_wake(layout: Layout) -> Component:
    """Tells promo's stream what is due and who is new: healthy while it asks PostgreSQL."""
    return Component(
        name="promo-wake",
        argv=[str(layout.python), "-m", "weir.cli", "promo", "wake"],
        env=passed_on(layout),
        after=("postgres", "kafka"),
        healthy=lambda: asks(layout, "promo-wake", "weir-promo-wake"),
    )
