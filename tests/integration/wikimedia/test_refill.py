"""A refill on real Kafka and PostgreSQL: what is missing comes once, and is written down."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from tests.support.collector_process import forget_cursor
from tests.support.platform import weir
from tests.support.stores import own_database
from tests.support.topics import create_topic, fresh_topic
from tests.support.wikimedia_sample import RunningSample, running_sample, sent_ids
from weir.errors import ContractError, Unavailable
from weir.kafka.reader import read_range
from weir.kafka.transactional import TransactionalPublisher
from weir.ops.gaps import GapState, fetch_gaps, refill_lock
from weir.ops.window import TimeWindow
from weir.settings import Settings
from weir.sources.wikimedia.cursor import Positions
from weir.sources.wikimedia.generator import SampleStream
from weir.sources.wikimedia.intake import SOURCE, event_record
from weir.sources.wikimedia.parse import Event, Place, parse_event
from weir.sources.wikimedia.refill_open import (
    fetch_open,
    fetch_report,
    record_found,
    refill_open,
    since_begun,
)
from weir.sources.wikimedia.refill_window import refill_window
from weir.sources.wikimedia.sample_server import TOPICS
from weir.store.postgres import connect

pytestmark = pytest.mark.platform

HOUR = timedelta(hours=1)
THIS_HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
WINDOW = TimeWindow(THIS_HOUR - 2 * HOUR, THIS_HOUR - HOUR)
STARTS = THIS_HOUR - 3 * HOUR
RATE = 0.5


@pytest.fixture
def source() -> SampleStream:
    """An event every two seconds since the full hour three hours ago."""
    return SampleStream(
        seed=time.time_ns(), start_ms=int(STARTS.timestamp() * 1000), rate=RATE, switch_every=50
    )


@pytest.fixture
def sample(source: SampleStream) -> Iterator[RunningSample]:
    with running_sample(source, fast=False) as running:
        yield running


@pytest.fixture
def own(platform: Settings, sample: RunningSample, tmp_path: Path) -> Iterator[Settings]:
    """A database and a topic of the test's own; the collector has not begun."""
    topic = fresh_topic(platform, 3)
    create_topic(platform, f"{topic}.dlq")
    with own_database(platform, tmp_path) as settings:
        more = {"wikimedia_topic": topic, "wikimedia_mode": "sample", "wikimedia_url": sample.url}
        forget_cursor(settings)
        yield settings.model_copy(update=more)


class Killed(Exception):
    """Stands for kill -9 between two transactions."""


def collect(settings: Settings, source: SampleStream, indexes: range, *, up_to: datetime) -> None:
    """What the collector would have published, and its cursor."""
    now_ms = int(time.time() * 1000)
    topic, records = settings.wikimedia_topic, []
    for index in indexes:
        data = source.event(index)
        meta = orjson.loads(data)["meta"]
        row = {"topic": meta["topic"], "partition": 0, "timestamp": source.timestamp_ms(index) + 1}
        event = parse_event(orjson.dumps([row]).decode(), data, now_ms)
        assert isinstance(event, Event)
        if not event.is_canary:
            records.append(event_record(event, data, topic=topic, mode="sample"))
    positions = Positions()
    positions.seen = {Place(topic, 0): int(up_to.timestamp() * 1000) for topic in TOPICS}
    publisher = TransactionalPublisher(settings, SOURCE)
    publisher.start()
    publisher.commit(records, positions.as_cursor("sample"))


def in_topic(settings: Settings) -> list[str]:
    messages = read_range(settings, settings.wikimedia_topic)
    return sorted(dict(message.headers)["id"].decode() for message in messages)


def ids_between(source: SampleStream, start: datetime, end: datetime) -> list[str]:
    """An independent account: by index, an event every two seconds from the full hour on."""
    first, last = (int((moment - STARTS).total_seconds() * RATE) for moment in (start, end))
    before = set(sent_ids(source, first))
    return sorted(name for name in sent_ids(source, last) if name not in before)


def rows(settings: Settings) -> list[tuple[str, int, int]]:
    with connect(settings.dsn_file, application_name="test") as connection:
        return [(g.state, g.present, g.published) for g in fetch_gaps(connection, SOURCE)]


def test_what_the_collector_missed_is_brought_once(own: Settings, source: SampleStream):
    """The hour is then complete, and the row says what happened."""
    collect(own, source, range(1_800, 2_300), up_to=THIS_HOUR)
    expected = ids_between(source, WINDOW.start, WINDOW.end)
    present = len(in_topic(own))
    gap = refill_window(own, WINDOW)
    assert in_topic(own) == expected
    assert gap is not None
    assert rows(own) == [(GapState.REFILLED, present, len(expected) - present)]
    filled_at = fetch_report(own)[0].filled_at
    refill_window(own, WINDOW)
    assert in_topic(own) == expected
    assert fetch_report(own)[0].filled_at == filled_at
    assert rows(own) == [(GapState.REFILLED, present, len(expected) - present)]


def test_a_complete_hour_leaves_no_row(own: Settings, source: SampleStream):
    """The table lists gaps, not checks."""
    collect(own, source, range(1_800, 3_600), up_to=THIS_HOUR)
    assert refill_window(own, WINDOW) is None
    assert rows(own) == []


def test_it_waits_for_the_collector_to_leave_the_window_behind(own: Settings, source: SampleStream):
    """A collector that catches up brings the hour by itself; both together would double it."""
    collect(own, source, range(1_800, 2_300), up_to=WINDOW.end)
    with pytest.raises(Unavailable, match="it has to be beyond"):
        refill_window(own, WINDOW)
    end = datetime.now(UTC) + timedelta(seconds=1)
    future = TimeWindow(end - timedelta(minutes=1), end)
    with pytest.raises(Unavailable, match="it has to be beyond"):
        refill_window(own, future)
    assert rows(own) == []


def test_data_of_the_other_mode_is_never_added(own: Settings, source: SampleStream):
    """Made-up events among live ones could not be told apart by a count."""
    collect(own, source, range(1_800, 1_900), up_to=THIS_HOUR)
    live = own.model_copy(update={"wikimedia_mode": "live"})
    with pytest.raises(ContractError, match="the collector is set to live"):
        refill_window(live, WINDOW)


def test_an_hour_older_than_the_source_keeps_is_a_permanent_gap(own: Settings):
    """It stays visible for ever, and nothing is asked of the source."""
    old = TimeWindow(THIS_HOUR - timedelta(days=7), THIS_HOUR - timedelta(days=7) + HOUR)
    gap = refill_window(own, old)
    assert gap is not None
    assert (gap.state, gap.published) == (GapState.PERMANENT, 0)
    assert gap.reason == "60 minutes without any event, and the source forgot them"


def test_a_source_that_begins_at_its_present_has_forgotten_the_hour(
    own: Settings, sample: RunningSample
):
    """That is how EventStreams answers a position that is too old."""
    sample.server.history_ms = 1
    sample.server.from_beginning = False
    gap = refill_window(own, WINDOW)
    assert gap is not None
    assert (gap.state, gap.published) == (GapState.PERMANENT, 0)


def test_two_refills_never_work_at_once(own: Settings):
    """The one would not see what the other is about to publish."""
    with (
        connect(own.dsn_file, application_name="test") as connection,
        refill_lock(connection, SOURCE),
        pytest.raises(Unavailable, match="another refill of wikimedia is at work"),
    ):
        refill_window(own, WINDOW)


def test_a_refill_that_died_in_the_middle_is_completed(own: Settings, source: SampleStream):
    """Its row stays open until then, and counts what both brought."""
    collect(own, source, range(1_800, 1_900), up_to=THIS_HOUR)
    expected = ids_between(source, WINDOW.start, WINDOW.end)
    real = TransactionalPublisher.commit
    calls = []

    def commit(self: TransactionalPublisher, records: object, cursor: object) -> None:
        if len(calls) == 2:
            raise Killed
        calls.append(records)
        real(self, records, cursor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionalPublisher, "commit", commit)
        with pytest.raises(Killed):
            refill_window(own, WINDOW)
    assert rows(own)[0][0] == GapState.OPEN
    assert 0 < len(in_topic(own)) < len(expected)
    refill_window(own, WINDOW)
    assert in_topic(own) == expected
    assert rows(own) == [(GapState.REFILLED, 100, len(expected) - 100)]


def test_an_hour_with_silent_minutes_is_found_recorded_and_refilled(
    own: Settings, source: SampleStream
):
    """Nobody has to know that something is missing."""
    minutes = [WINDOW.start + timedelta(minutes=m) for m in (0, 1, 2, 40, 59)]
    with connect(own.dsn_file, application_name="test") as connection:
        for minute in minutes:
            connection.execute(
                "insert into wikimedia.domain_minute values (%s, 'x.org', 1, 1, 0)", [minute]
            )
    (found,) = fetch_report(own)
    assert (found.window, found.state, found.found_at) == (WINDOW, GapState.OPEN, None)
    assert found.reason == "55 minutes without any event"
    assert rows(own) == []
    assert record_found(own) == [found]
    assert record_found(own) == []
    assert [gap.window for gap in fetch_open(own)] == [WINDOW]
    assert [gap.state for gap in refill_open(own, at_most=3)] == [GapState.REFILLED]
    assert in_topic(own) == ids_between(source, WINDOW.start, WINDOW.end)
    assert fetch_open(own) == []


def test_what_was_before_the_first_count_is_not_missing(own: Settings):
    """A new platform must not begin by bringing a week of history."""
    assert since_begun(own, WINDOW) is None
    first = WINDOW.start + timedelta(minutes=20)
    with connect(own.dsn_file, application_name="test") as connection:
        connection.execute(
            "insert into wikimedia.domain_minute values (%s, 'x.org', 1, 1, 0)", [first]
        )
    assert since_begun(own, WINDOW) == TimeWindow(first + timedelta(minutes=1), WINDOW.end)
    later = TimeWindow(WINDOW.end, THIS_HOUR)
    assert since_begun(own, later) == later
    assert since_begun(own, TimeWindow(STARTS, first)) is None


def test_the_command_line_reports_and_refills(own: Settings, source: SampleStream):
    """The same two verbs for people without Airflow."""
    collect(own, source, range(1_800, 2_300), up_to=THIS_HOUR)
    hours = ["--from", WINDOW.start.isoformat(), "--to", WINDOW.end.isoformat()]
    assert f"{WINDOW} would be checked" in weir(own, "gaps", "refill", *hours, "--dry-run").stdout
    assert weir(own, "gaps", "report").stdout == "no gaps\n"
    done = orjson.loads(weir(own, "gaps", "refill", *hours, "--json").stdout)
    assert [(row["window"], row["gap"]["state"]) for row in done] == [(str(WINDOW), "refilled")]
    shown = orjson.loads(weir(own, "gaps", "report", "--json").stdout)
    assert [(gap["state"], gap["published"]) for gap in shown] == [
        ("refilled", done[0]["gap"]["published"])
    ]
    wrong = weir(own, "gaps", "refill", *hours[:2], check=False)
    assert wrong.returncode == 2
    assert "give both --from and --to" in wrong.stderr
