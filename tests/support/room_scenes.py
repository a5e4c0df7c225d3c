"""A control room of made-up streams, one for each state that a person may have to understand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from weir.ops.health import NEXT, Finding, Health
from weir.serving.room.cards import Card, LastBatch
from weir.serving.room.levels import LEVELS, headline
from weir.serving.room.sources import Source
from weir.serving.room.useless import useless_verbs

NOW = datetime(2026, 11, 22, 9, 41, 7, tzinfo=UTC)

WELL = Card(
    stream="wikimedia_domain_counts",
    source="wikimedia",
    topic="wikimedia_events",
    tables=("wikimedia.domain_minute", "wikimedia.domain_total"),
    mode="sample",
    desired="run",
    observed="running",
    changed_by="admin",
    changed_at=NOW - timedelta(hours=4, minutes=12),
    level=LEVELS[Health.HEALTHY],
    state="running",
    words="counts what comes",
    advice="nothing to do",
    epoch=3,
    version="0.1.0",
    uptime_seconds=15_130.0,
    heartbeat_seconds=0.9,
    driver_id="driver-20261122052855-0002",
    app_id="app-20261122052900-0003",
    ui_url="http://127.0.0.1:4040",
    lag_messages=0,
    lag_seconds=0.0,
    seconds_left=None,
    in_per_second=41.3,
    out_per_second=40.8,
    last_batch=LastBatch(seconds_ago=0.8, messages=42, duration_ms=312),
    probe_seconds=1.36,
    restarts_of_a_day=0,
    memory_mb=731.4,
    recent=tuple(2400 + round(400 * math.sin(i / 3)) for i in range(30)),
    operation=None,
    useless_verbs=useless_verbs("run", "running"),
)


def ill(
    stream: str, health: Health, words: str, *, observed: str, desired: str = "run", **more: object
) -> Card:
    """A stream like WELL, in this state."""
    finding = Finding(health=health, words=words, next_step=NEXT[health].format(stream=stream))
    level, state = headline(observed, [finding])
    card = replace(
        WELL,
        stream=stream,
        desired=desired,
        observed=observed,
        level=level,
        state=state,
        words=words,
        advice=finding.next_step,
        useless_verbs=useless_verbs(desired, observed),
    )
    return replace(card, **more)


NOBODY = {"uptime_seconds": None, "ui_url": None, "memory_mb": None, "app_id": None}
QUIET = {"out_per_second": 0.0, "recent": (2400,) * 11 + (0,) * 19}

SCENE: tuple[Card, ...] = (
    WELL,
    ill(
        "telegram_user_counts",
        Health.STALLED,
        "lives, and no batch ends while 48,210 messages wait",
        observed="stalled",
        lag_messages=48_210,
        lag_seconds=1_140.0,
        seconds_left=585_000.0,
        last_batch=LastBatch(seconds_ago=1_140.0, messages=81, duration_ms=420),
        source="telegram",
        topic="telegram_data",
        mode="sample",
        **QUIET,
    ),
    ill(
        "market_banned_filter",
        Health.FAILED,
        "offsets of shop-products/2 begin at 18231, counted is 18190: going on would lose 41",
        observed="parked",
        desired="failed",
        lag_messages=1_284_331,
        lag_seconds=88_000.0,
        seconds_left=517_000.0,
        restarts_of_a_day=5,
        last_batch=LastBatch(seconds_ago=88_000.0, messages=1200, duration_ms=2100),
        source="shop",
        topic="shop-products",
        mode=None,
        in_per_second=None,
        recent=(0,) * 30,
        out_per_second=0.0,
        **NOBODY,
    ),
    ill(
        "market_catalogue",
        Health.PARKED,
        "drained by admin",
        observed="parked",
        desired="drained",
        lag_messages=312,
        lag_seconds=410.0,
        seconds_left=604_000.0,
        topic="filtered-products",
        mode=None,
        source="shop",
        **QUIET,
        **NOBODY,
    ),
    ill(
        "market_statistics",
        Health.STARTING,
        "starting",
        observed="starting",
        epoch=None,
        heartbeat_seconds=None,
        last_batch=None,
        lag_messages=None,
        lag_seconds=None,
        in_per_second=None,
        mode=None,
        version=None,
        recent=(0,) * 30,
        out_per_second=0.0,
        **NOBODY,
    ),
    ill(
        "promo_join",
        Health.BEHIND,
        "9,120 messages of promo-campaigns wait, the oldest for 4 min",
        observed="running",
        lag_messages=9_120,
        lag_seconds=251.0,
        seconds_left=604_000.0,
        restarts_of_a_day=2,
        topic="promo-campaigns",
        mode="live",
    ),
)

SOURCES = [
    Source(
        collector="wikimedia",
        mode="sample",
        level=LEVELS[Health.HEALTHY],
        state="streaming",
        words="events flow into its topic",
        advice="",
        uptime_seconds=15_200.0,
        heartbeat_seconds=1.0,
        last_event_seconds=0.2,
        events=612_480,
        events_per_second=41.3,
        duplicates=12,
        dead_letters=0,
        reconnects=1,
        last_error=None,
        memory_mb=88.0,
    ),
    Source(
        collector="telegram",
        mode="live",
        level=LEVELS[Health.SILENT_SOURCE],
        state="silent_source",
        words="it has received nothing for a while",
        advice="weir status; weir logs collect-telegram",
        uptime_seconds=8_200.0,
        heartbeat_seconds=1.0,
        last_event_seconds=960.0,
        events=2_480,
        events_per_second=0.0,
        duplicates=0,
        dead_letters=3,
        reconnects=14,
        last_error="flood wait of 840 s",
        memory_mb=71.0,
    ),
]
