"""A whole refill against a real server on loopback, Kafka in memory."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.collector_in_memory import TOPIC, message_of, published_ids
from tests.support.wikimedia_sample import RunningSample, running_sample, sent_ids
from weir.errors import Unavailable
from weir.kafka.memory import MemoryLog, MemoryTransactionalPublisher
from weir.ops.gaps import Gap, GapState
from weir.ops.window import TimeWindow
from weir.sources.wikimedia.client import WikimediaClient
from weir.sources.wikimedia.generator import SampleStream
from weir.sources.wikimedia.refill import (
    REFILL,
    Known,
    Refill,
    is_forgotten,
    judge_refill,
    read_known,
)
from weir.sources.wikimedia.refill_sift import Sift

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
WINDOW = TimeWindow(NOW - timedelta(minutes=120), NOW - timedelta(minutes=60))
# An event per second since three hours ago; canaries of both topics pass every 1,000 s.
SOURCE = SampleStream(start_ms=int((NOW - timedelta(minutes=180)).timestamp() * 1000), rate=1.0)
TOTAL = 180 * 60
GAP = Gap(
    source="wikimedia",
    mode="sample",
    starts_at=WINDOW.start,
    ends_at=WINDOW.end,
    state=GapState.OPEN,
    reason="some of its events are missing",
)


class NoWait(threading.Event):
    """Counts what would have been waited."""

    waited: float = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.waited += timeout or 0.0
        return False


def expected_ids() -> list[str]:
    """The ids of the window, read from the events themselves: the second hour of three."""
    before = sent_ids(SOURCE, 3600)
    return [name for name in sent_ids(SOURCE, 7200) if name not in set(before)]


def known_of(log: MemoryLog) -> Known:
    return read_known((message_of(r, n) for n, r in enumerate(log.of(TOPIC))), WINDOW)


def build(log: MemoryLog, sample: RunningSample, **more: object) -> Refill:
    publisher = MemoryTransactionalPublisher(log, REFILL)
    publisher.start()
    sift = Sift(
        window=WINDOW,
        topic=TOPIC,
        mode="sample",
        limit_bytes=publisher.limit_bytes(TOPIC),
        known=set(known_of(log).ids),
        now_ms=int(NOW.timestamp() * 1000),
    )
    client = WikimediaClient(sample.url, "TestBot/1 (test@example.org)", idle_seconds=5)
    defaults = {"on_missing": lambda: None, "on_letters": lambda letters: None, "pause": NoWait()}
    return Refill(
        sift=sift,
        client=client,
        publisher=publisher,
        **({"events_per_second": 1e9} | defaults | more),
    )


def test_exactly_the_missing_events_are_published_across_cuts():
    """The source cuts every quarter of an hour, and must be asked again without doubling."""
    log, missing = MemoryLog(), []
    with running_sample(SOURCE, total=TOTAL, cuts=3, cut_after_events=700, cut_mid_event=True) as s:
        refill = build(log, s, on_missing=lambda: missing.append(len(log.of(TOPIC))))
        refill.run()
    assert published_ids(log) == expected_ids()
    assert refill.published == len(expected_ids())
    assert missing == [0]  # recorded once, before the first publication


def test_a_second_refill_publishes_nothing_and_one_that_died_is_completed():
    """A run may be cleared at any moment."""
    log = MemoryLog()
    with running_sample(SOURCE, total=TOTAL) as sample:
        build(log, sample).run()
        again = build(log, sample)
        again.run()
        assert again.published == 0
        log.records = [r for r in log.records if r.topic != TOPIC or r.timestamp_ms % 3000]
        rest = build(log, sample)
        rest.run()
    assert sorted(published_ids(log)) == sorted(expected_ids())
    assert 0 < rest.published < len(expected_ids())


def test_a_refill_goes_no_faster_than_it_may():
    """The live stream shares the topic and must keep its cadence."""
    log, pause = MemoryLog(), NoWait()
    with running_sample(SOURCE, total=TOTAL) as sample:
        refill = build(log, sample, events_per_second=100.0, pause=pause, now=lambda: 0.0)
        refill.run()
    # The clock stands still, so each commit waits for all that was published until then.
    sizes = [500 * n for n in range(1, len(expected_ids()) // 500 + 1)] + [len(expected_ids())]
    assert pause.waited == pytest.approx(sum(sizes) / 100, rel=0.15)


def test_a_source_that_refuses_again_and_again_is_named():
    """Airflow tries again later; a refill does not hang for ever."""
    with running_sample(SOURCE, total=TOTAL, refusals=99) as sample:
        refill = build(MemoryLog(), sample)
        with pytest.raises(Unavailable, match="the source does not give"):
            refill.run()


def test_what_a_topic_holds_of_a_window_is_counted_by_who_brought_it():
    """A crash between publication and record must not lose the count."""
    log = MemoryLog()
    with running_sample(SOURCE, total=TOTAL) as sample:
        build(log, sample).run()
    first, *others = log.of(TOPIC)
    collected = replace(first, headers=first.headers[:-1])
    log.records = [collected, *others, replace(first, timestamp_ms=WINDOW.end_ms)]
    known = known_of(log)
    total = len(expected_ids())
    assert (known.collected, known.refilled, known.silent_minutes) == (1, total - 1, 0)


KNOWN = Known(ids=frozenset({"a", "b", "c"}), refilled=1, silent_minutes=7)


def test_what_was_brought_is_a_refilled_gap_with_its_counts():
    """Also what an earlier run brought before it died."""
    found = judge_refill(GAP, KNOWN, published=10, refused=2, forgotten=False)
    assert found == replace(
        GAP,
        state=GapState.REFILLED,
        reason="11 events were missing",
        present=2,
        published=11,
        refused=2,
    )


def test_a_complete_window_is_no_gap():
    """Rows for every hour would hide the few that matter."""
    complete = replace(KNOWN, refilled=0, silent_minutes=0)
    assert judge_refill(GAP, complete, published=0, refused=0, forgotten=False) is None
    assert judge_refill(GAP, complete, published=0, refused=0, forgotten=True) is None


def test_what_the_source_forgot_is_a_permanent_gap():
    """It cannot be brought any more, and must not look complete."""
    found = judge_refill(GAP, KNOWN, published=0, refused=0, forgotten=True)
    assert found is not None
    assert (found.state, found.reason) == (
        GapState.PERMANENT,
        "7 minutes without any event, and the source forgot them",
    )


def test_a_source_that_begins_after_the_window_has_forgotten_it():
    """Too old a position begins at the latest event, without a word."""
    assert is_forgotten(WINDOW, WINDOW.end_ms)
    assert not is_forgotten(WINDOW, WINDOW.end_ms - 1)
    assert not is_forgotten(WINDOW, None)
