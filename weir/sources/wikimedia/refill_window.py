"""The refill of one window, put together from the settings, with its row in `ops.gap`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from weir.clock import utc_now
from weir.errors import SettingError, Unavailable
from weir.kafka.dead_letters import store
from weir.kafka.offsets import end_offsets, offsets_at
from weir.kafka.reader import read_range
from weir.kafka.record import Message
from weir.kafka.transactional import TransactionalPublisher
from weir.ops import gaps
from weir.ops.gaps import Gap, GapState
from weir.ops.window import HOUR, TimeWindow
from weir.settings import Settings
from weir.sources.declared import mode_of
from weir.sources.wikimedia.assemble import stream_url
from weir.sources.wikimedia.client import WikimediaClient, user_agent
from weir.sources.wikimedia.collector import restore
from weir.sources.wikimedia.cursor import Positions
from weir.sources.wikimedia.dedupe import KEEP_MS
from weir.sources.wikimedia.intake import SOURCE
from weir.sources.wikimedia.refill import (
    KEPT,
    REFILL,
    Refill,
    is_forgotten,
    judge_refill,
    read_known,
)
from weir.sources.wikimedia.refill_sift import Sift, is_collected
from weir.store.postgres import connect

EVENTS_PER_SECOND = 2_000.0
log = structlog.get_logger()


def refill_window(
    settings: Settings, window: TimeWindow, *, events_per_second: float = EVENTS_PER_SECOND
) -> Gap | None:
    """Publish what is missing of a window of an hour at most; its gap, None when it had none.

    Doing it again publishes nothing. Raises Unavailable (the collector may still bring it, the
    source breaks off, another refill works), ContractError (stored data of the other mode).
    """
    if window.end - window.start > HOUR:
        raise SettingError(f"{window} is longer than an hour", "refill it hour by hour")
    mode = mode_of(SOURCE, settings)
    with (
        connect(settings.dsn_file, application_name="weir:refill") as connection,
        gaps.refill_lock(connection, SOURCE),
    ):
        check_collected(settings, window)
        known_row = _stored(connection, mode, window)
        gap = known_row or Gap(
            source=SOURCE,
            mode=mode,
            starts_at=window.start,
            ends_at=window.end,
            state=GapState.OPEN,
            reason="some of its events are missing",
        )
        found = _refill(settings, connection, gap, events_per_second)
        if found is None and known_row is not None:
            found = replace(
                gap, state=GapState.REFILLED, reason="nothing of it is missing at the source"
            )
        if found is not None:
            gaps.upsert_gap(connection, found)
    log.info("window checked", window=str(window), gap=found.state if found else "none")
    return found


def has_left(settings: Settings, window: TimeWindow) -> bool:
    """Whether the collector, going on, can no longer bring anything of the window by itself."""
    positions = collector_positions(settings)
    return is_collected(positions, window) and utc_now() >= _over_at(window)


def check_collected(settings: Settings, window: TimeWindow) -> None:
    """Raises Unavailable unless `has_left`; says where the collector stands."""
    if not has_left(settings, window):
        positions, over_at = collector_positions(settings), _over_at(window)
        at = min(positions.seen.values(), default=0) / 1000
        stands = datetime.fromtimestamp(at, window.end.tzinfo) if at else "at the present"
        raise Unavailable(
            f"the collector stands {stands}; it has to be beyond {over_at} first",
            "it brings the window by itself when it runs: weir sources list",
            retry_after_seconds=60.0,
        )


def _over_at(window: TimeWindow) -> datetime:
    return window.end + timedelta(milliseconds=KEEP_MS)


def collector_positions(settings: Settings) -> Positions:
    """Where the collector is. Raises ContractError when it collects in the other mode."""
    return restore(TransactionalPublisher(settings, SOURCE).peek(), mode_of(SOURCE, settings))


def _refill(
    settings: Settings, connection: gaps.Pg, gap: Gap, events_per_second: float
) -> Gap | None:
    window, topic = gap.window, settings.wikimedia_topic
    publisher = TransactionalPublisher(settings, REFILL)
    publisher.start()  # settles what a dead refill left open, before the topic is read
    known = read_known(_messages(settings, topic, window), window)
    log.info("window read", window=str(window), known=len(known.ids), refilled=known.refilled)
    if window.start < utc_now() - KEPT:
        return judge_refill(gap, known, published=0, refused=0, forgotten=True)
    refill = Refill(
        sift=Sift(
            window=window,
            topic=topic,
            mode=gap.mode,
            limit_bytes=publisher.limit_bytes(topic),
            known=set(known.ids) | _refused(connection),
            now_ms=int(utc_now().timestamp() * 1000),
        ),
        client=WikimediaClient(
            stream_url(settings),
            user_agent(settings.wikimedia_contact, gap.mode),
            idle_seconds=settings.wikimedia_idle_seconds,
        ),
        publisher=publisher,
        events_per_second=events_per_second,
        on_missing=lambda: gaps.upsert_gap(connection, gap),
        on_letters=lambda letters: store(connection, letters),
    )
    refill.run()
    return judge_refill(
        gap,
        known,
        published=refill.published,
        refused=refill.refused,
        forgotten=is_forgotten(window, refill.sift.earliest_ms),
    )


def _messages(settings: Settings, topic: str, window: TimeWindow) -> Iterator[Message]:
    """Everything committed that may be of the window: refills put it at the end, so to the end.

    To the uncommitted end, waiting for open transactions: what a refill committed behind the
    collector's open transaction must be seen.
    """
    ends = end_offsets(settings, topic, "read_uncommitted")
    return read_range(settings, topic, offsets_at(settings, topic, window.start_ms), ends)


def _refused(connection: gaps.Pg) -> set[str]:
    """SHA-256 of everything of the source that is a dead letter already."""
    rows = connection.execute(
        "select value_sha256 from ops.dead_letter where dedupe_key like %s", [f"source:{SOURCE}/%"]
    ).fetchall()
    return {row[0] for row in rows}


def _stored(connection: gaps.Pg, mode: str, window: TimeWindow) -> Gap | None:
    rows = gaps.fetch_gaps(connection, SOURCE)
    return next((gap for gap in rows if gap.mode == mode and gap.window == window), None)
