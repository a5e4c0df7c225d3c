"""What is known of every stream now: state, lag and health. One reading for all who show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from weir.ops.health import Finding, Health, Signs, judge_health
from weir.ops.lag import Lags, TopicLag
from weir.ops.lease import Pg
from weir.ops.master import MasterState
from weir.ops.observed import StreamState, fetch_state
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


@dataclass(frozen=True, kw_only=True)
class Report:
    """A stream as people see it. `lags` is None while Kafka is away."""

    state: StreamState
    findings: tuple[Finding, ...]
    lags: tuple[TopicLag, ...] | None
    source_seconds: float | None

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
    )
