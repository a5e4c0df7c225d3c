"""Puts the collector together from the settings, and runs it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from datetime import timedelta

import structlog

from weir.clock import utc_now
from weir.errors import WeirError
from weir.kafka.reader import read_since
from weir.kafka.record import Message
from weir.kafka.transactional import CursorPublisher, TransactionalPublisher
from weir.ports import Port
from weir.settings import Settings
from weir.sources.declared import Mode, load_sources, mode_of
from weir.sources.wikimedia.client import WikimediaClient, user_agent
from weir.sources.wikimedia.collector import Collector, rebuild_memory, restore
from weir.sources.wikimedia.dedupe import RecentIds
from weir.sources.wikimedia.frames import FrameQueue
from weir.sources.wikimedia.heartbeat import Heartbeat, LetterBox
from weir.sources.wikimedia.intake import SOURCE, Intake
from weir.sources.wikimedia.letters import published_letters
from weir.sources.wikimedia.reader import Reader
from weir.sources.wikimedia.sample_server import KEPT_MINUTES, PATH
from weir.sources.wikimedia.status import State, Status

KEPT_BY_SOURCE = {"live": timedelta(days=7), "sample": timedelta(minutes=KEPT_MINUTES)}
log = structlog.get_logger()


def stream_url(settings: Settings) -> str:
    """The address to read: the given one, else by mode the live site or the sample server."""
    if settings.wikimedia_url:
        return settings.wikimedia_url
    if mode_of(SOURCE, settings) == "live":
        return str(load_sources()[SOURCE]["live_url"])
    return f"http://127.0.0.1:{settings.port(Port.WIKIMEDIA_SAMPLE)}{PATH}"


def collect(settings: Settings, *, for_seconds: float | None = None) -> Status:
    """Collect until SIGTERM or SIGINT, or for so long. Returns the final counters.

    Raises ContractError (stored data of the other mode), Unavailable, PublishError.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    mode = mode_of(SOURCE, settings)
    status = Status(clock=utc_now, started_at=utc_now())
    letters = LetterBox()
    heartbeat = Heartbeat(
        collector=SOURCE,
        mode=mode,
        dsn_file=settings.dsn_file,
        status=status,
        letters=letters,
        clock=utc_now,
    )
    try:
        publisher = TransactionalPublisher(settings, SOURCE)
        restore(publisher.peek(), mode)  # a refusal must not fence the one that works
        collector = build_collector(settings, publisher, status, letters)
    except WeirError as error:
        status.note_error(error.what)
        heartbeat.write_refusal()
        raise
    heartbeat.start()  # not before the mode is known to be that of what is stored
    try:
        collector.run(stop, for_seconds=for_seconds)
    except WeirError as error:
        status.note_error(error.what)
        raise
    finally:
        status.state = State.STOPPED
        heartbeat.stop()
    return status


def build_collector(
    settings: Settings, publisher: CursorPublisher, status: Status, letters: LetterBox
) -> Collector:
    """Start the publisher, restore position and memory, and wire the parts."""
    mode, topic = mode_of(SOURCE, settings), settings.wikimedia_topic

    def since(timestamp_ms: int) -> Iterator[Message]:
        return read_since(settings, topic, timestamp_ms)

    positions = restore(publisher.start(), mode)
    intake = Intake(
        topic=topic,
        mode=mode,
        limit_bytes=publisher.limit_bytes(topic),
        positions=positions,
        recent=RecentIds(),
        status=status,
        clock=utc_now,
    )
    known = rebuild_memory(intake, since)
    letters.add(published_letters(settings, topic))
    _warn_of_gap(positions.newest_ms, mode)
    log.info("collector ready", mode=mode, topic=topic, cursor=positions.seen, recent_ids=known)
    frames = FrameQueue()
    client = WikimediaClient(
        stream_url(settings),
        user_agent(settings.wikimedia_contact, mode),
        idle_seconds=settings.wikimedia_idle_seconds,
    )
    reader = Reader(client=client, frames=frames, positions=positions, status=status, clock=utc_now)
    return Collector(
        publisher=publisher,
        intake=intake,
        frames=frames,
        reader=reader,
        status=status,
        letters=letters,
        read_since=since,
    )


def is_forgotten(away: timedelta, mode: Mode) -> bool:
    """Whether a source of this mode no longer has what happened so long ago."""
    return away > KEPT_BY_SOURCE[mode]


def _warn_of_gap(newest_ms: int | None, mode: Mode) -> None:
    """What the source no longer has is lost; it must not be lost in silence."""
    if newest_ms is None:
        return
    away = timedelta(seconds=utc_now().timestamp() - newest_ms / 1000)
    if is_forgotten(away, mode):
        log.warning(
            "the cursor is older than what the source keeps: expect a gap",
            hours_away=round(away.total_seconds() / 3600, 1),
        )
