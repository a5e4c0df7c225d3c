"""What runs: one row per component, and the addresses to open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from weir.errors import WeirError
from weir.ops.observed import fetch_state
from weir.ops.streams import load_streams
from weir.platform.airflow_config import airflow_address
from weir.platform.component import Component, restarts
from weir.platform.layout import Layout
from weir.platform.memory import pss_mb
from weir.platform.supervisor import Supervisor
from weir.ports import Port
from weir.settings import Settings
from weir.store.postgres import connect, read_dsn


@dataclass(frozen=True, kw_only=True)
class ComponentStatus:
    """One row per component. state: healthy, unhealthy, starting, stopped, failed."""

    name: str
    state: str
    pid: int | None
    port: int | None
    pss_mb: float | None
    restarts: int
    since: str | None


def judge(supervised: str, healthy: bool) -> str:
    """The one word for what the supervisor says and what the component itself says."""
    if supervised == "RUNNING":
        return "healthy" if healthy else "unhealthy"
    if supervised in ("STARTING", "BACKOFF"):
        return "starting"
    return "failed" if supervised in ("FATAL", "EXITED") else "stopped"


def component_rows(layout: Layout, components: Sequence[Component]) -> list[ComponentStatus]:
    """One row per component; all are `stopped` when the supervisor is."""
    supervisor = Supervisor(layout)
    facts = supervisor.processes() if supervisor.alive() else {}
    rows = []
    for component in components:
        fact = facts.get(component.name)
        running = fact is not None and fact["statename"] == "RUNNING"
        pid = fact["pid"] or None if fact else None
        since = datetime.fromtimestamp(fact["start"], UTC) if fact and running else None
        rows.append(
            ComponentStatus(
                name=component.name,
                state=judge(
                    fact["statename"] if fact else "STOPPED", running and component.healthy()
                ),
                pid=pid,
                port=component.port,
                pss_mb=pss_mb(pid) if pid else None,
                restarts=restarts(layout, component.name) if fact else 0,
                since=since.isoformat() if since else None,
            )
        )
    return rows


def addresses(settings: Settings, *, monitoring: bool = False) -> dict[str, str]:
    """Where to connect. The DSN names a passfile; no address holds a secret."""
    found = {
        "api": settings.api_url,
        "stats": f"{settings.api_url}/stats",
        "metrics": f"http://127.0.0.1:{settings.port(Port.METRICS)}/metrics",
        **({"airflow": airflow_address(settings)} if settings.airflow else {}),
        "spark_master": settings.spark_master_url,
        "spark_master_ui": settings.spark_master_ui_url,
        "kafka": settings.bootstrap,
        "redis": settings.redis_address,
    }
    if monitoring:
        found["prometheus"] = f"http://127.0.0.1:{settings.port(Port.PROMETHEUS)}"
        found["alertmanager"] = f"http://127.0.0.1:{settings.port(Port.ALERTMANAGER)}"
    if settings.dsn_file.exists():
        found["postgres"] = read_dsn(settings.dsn_file)
    return found


def stream_rows(settings: Settings) -> list[dict[str, Any]]:
    """One row per declared stream; empty while PostgreSQL or its schema is away."""
    try:
        with connect(settings.dsn_file, application_name="weir-status") as connection:
            return [
                asdict(fetch_state(settings, connection, spec)) for spec in load_streams().values()
            ]
    except (WeirError, psycopg.Error):
        return []


def report(layout: Layout, components: Sequence[Component]) -> dict[str, Any]:
    """The whole status as `weir status --json` prints it."""
    rows = component_rows(layout, components)
    return {
        "home": str(layout.home),
        "components": [asdict(row) for row in rows],
        "streams": stream_rows(layout.settings),
        "pss_mb": round(sum(row.pss_mb or 0 for row in rows), 1),
        "addresses": addresses(
            layout.settings, monitoring=any(row.name == "prometheus" for row in rows)
        ),
    }
