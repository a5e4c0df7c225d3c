"""What is known of every stream now: state, lag and health. One reading for all who show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from weir.ops.health import Finding, Health, Signs, judge_health, judge_source
from weir.ops.health_limits import HealthLimits
from weir.ops.lag import Lags, TopicLag
from weir.ops.lag_reads import fetch_lags as fetch_lags
from weir.ops.lag_reads import fetch_lags_once
from weir.ops.lease import Pg
from weir.ops.master import MasterState
from weir.ops.observed import StreamState, fetch_master_or_none, fetch_state
from weir.ops.streams import StreamSpec
from weir.settings import Settings

RESTARTS = (
    "select count(*) from ops.stream_start where stream = %s and unclean"
    " and taken_at > clock_timestamp() - make_interval(secs => %s)"
)
# A stopped collector is silent because somebody wants it so.
SILENT_FOR = (
    "select extract(epoch from clock_timestamp() - coalesce(last_event_at, started_at))::float8"
    " from ops.collector where collector = %s and state <> 'stopped'"
)
SOURCES = (
    "select collector, state,"
    " extract(epoch from clock_timestamp() - heartbeat_at)::float8,"
    " extract(epoch from clock_timestamp() - last_event_at)::float8"
    " from ops.collector order by collector"
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """A stream as people see it. `lags` is None while Kafka is away."""

    state: StreamState
    findings: tuple[Finding, ...]
    lags: tuple[TopicLag, ...] | None
    source_seconds: float | None
    restarts: int
    """After a death, in the time that `health.looping_minutes` looks at."""

    @property
    def health(self) -> Health:
        """The worst finding."""
        return self.findings[0].health


def fetch_reports(
    settings: Settings,
    connection: Pg,
    specs: Iterable[StreamSpec],
    *,
    lags: Lags,
    master: MasterState | None = None,
) -> list[Report]:
    """State and health of these streams, judged by the lags of a moment ago."""
    return [
        _report(fetch_state(settings, connection, spec, master, lags), connection, spec, lags)
        for spec in specs
    ]


def fetch_reports_once(
    settings: Settings, connection: Pg, specs: Iterable[StreamSpec]
) -> list[Report]:
    """The same for who asks once: looks at Kafka and at Spark's master first."""
    lags = fetch_lags_once(connection, settings)
    master = fetch_master_or_none(settings)
    return fetch_reports(settings, connection, specs, lags=lags, master=master)


def fields_of(report: Report) -> dict[str, Any]:
    """State, health and findings as plain values, for `--json`."""
    return asdict(report.state) | {
        "health": report.health.value,
        "findings": [asdict(finding) for finding in report.findings],
    }


def _report(state: StreamState, connection: Pg, spec: StreamSpec, lags: Lags) -> Report:
    limits = spec.health
    mine = lags.of(spec.name)
    restarts = connection.execute(RESTARTS, [spec.name, limits.looping_minutes * 60]).fetchone()
    silent = connection.execute(SILENT_FOR, [spec.source]).fetchone()
    signs = Signs(
        desired=state.desired,
        observed=state.observed,
        reason=state.reason,
        lags=mine,
        restarts=int(restarts[0]) if restarts else 0,
        source_seconds=silent[0] if silent else None,
    )
    return Report(
        state=state,
        findings=judge_health(spec.name, signs, limits),
        lags=mine,
        source_seconds=signs.source_seconds,
        restarts=signs.restarts,
    )


def fetch_sources(connection: Pg, specs: Iterable[StreamSpec]) -> dict[str, Health]:
    """The health of each collector that ever reported, by the strictest limit of its streams."""
    limits: dict[str, float] = {}
    for spec in specs:
        seconds = spec.health.silent_seconds
        limits[spec.source] = min(seconds, limits.get(spec.source, seconds))
    return {
        row[0]: judge_source(
            state=row[1],
            heartbeat_seconds=row[2],
            event_seconds=row[3],
            silent_seconds=limits.get(row[0], HealthLimits().silent_seconds),
        )
        for row in connection.execute(SOURCES)
    }
