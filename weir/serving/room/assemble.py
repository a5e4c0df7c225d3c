"""Makes a card of what was seen. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from weir.ops.health import waiting_seconds
from weir.ops.health_reads import Report
from weir.ops.lag import TopicLag
from weir.ops.operations import Operation
from weir.ops.states import Observed
from weir.ops.streams import StreamSpec
from weir.serving.room.cards import Card, OpenOrder
from weir.serving.room.facts import Facts
from weir.serving.room.levels import headline
from weir.serving.room.sources import Source
from weir.serving.room.useless import useless_verbs

WORKING = {Observed.RUNNING, Observed.STALLED, Observed.DRAINING, Observed.WAITING}


def card_of(
    spec: StreamSpec,
    report: Report,
    facts: Facts,
    source: Source | None,
    *,
    recent: Sequence[int],
    memory_mb: float | None,
    order: Operation | None,
) -> Card:
    """One stream as it is shown; uptime and address only while a driver works."""
    state, lags = report.state, report.lags or ()
    level, word = headline(state.observed, report.findings)
    works = state.observed in WORKING
    return Card(
        stream=spec.name,
        source=spec.source,
        topic=spec.topic,
        tables=spec.answer_tables,
        mode=source.mode if source else None,
        desired=state.desired,
        observed=state.observed,
        changed_by=facts.changed_by,
        changed_at=facts.changed_at,
        level=level,
        state=word,
        words=report.findings[0].words,
        advice=report.findings[0].next_step,
        epoch=state.epoch or None,
        version=state.version,
        uptime_seconds=_since(state.started_at, facts.now_utc) if works else None,
        heartbeat_seconds=state.heartbeat_seconds,
        driver_id=state.driver_id,
        app_id=state.app_id,
        ui_url=state.ui_url if works else None,
        lag_messages=sum(lag.messages for lag in lags) if lags else None,
        lag_seconds=waiting_seconds(lags) if lags else None,
        seconds_left=least_left(lags),
        in_per_second=source.events_per_second if source else None,
        out_per_second=facts.out_per_second,
        last_batch=facts.last_batch,
        probe_seconds=facts.probe_seconds,
        restarts_of_a_day=facts.restarts_of_a_day,
        memory_mb=memory_mb,
        recent=tuple(recent),
        operation=_open_order(order, facts.now_utc),
        useless_verbs=useless_verbs(state.desired, state.observed),
    )


def least_left(lags: Sequence[TopicLag]) -> float | None:
    """Seconds until Kafka deletes the oldest waiting message; None when it will not."""
    return min((lag.seconds_left for lag in lags if lag.seconds_left is not None), default=None)


def _open_order(order: Operation | None, now_utc: datetime) -> OpenOrder | None:
    if order is None:
        return None
    return OpenOrder(
        verb=order.verb,
        step=order.step.value,
        changed_by=order.changed_by,
        seconds_ago=max(0.0, (now_utc - order.started_at).total_seconds()),
    )


def _since(start: datetime | None, now_utc: datetime) -> float | None:
    return None if start is None else max(0.0, (now_utc - start).total_seconds())
