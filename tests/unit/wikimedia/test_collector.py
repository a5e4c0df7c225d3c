"""The whole collector, with a real server on loopback and Kafka in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
import pytest

from tests.support.collector_in_memory import TOPIC, Run, published_ids
from tests.support.wikimedia_sample import RunningSample, recent_source, running_sample, sent_ids
from weir.clock import utc_now
from weir.errors import ContractError, PublishError
from weir.kafka.memory import MemoryLog
from weir.kafka.record import Record
from weir.sources.wikimedia.collector import rebuild_memory
from weir.sources.wikimedia.parse import Place
from weir.sources.wikimedia.status import State


@pytest.mark.parametrize("rate", [1000.0, 50.0])
@pytest.mark.parametrize("switch_every", [0, 700])
def test_every_event_is_published_once_across_ten_cuts(rate: float, switch_every: int):
    """Several events share a millisecond, and a data centre takes over: neither loses one."""
    source = recent_source(3000, rate=rate, switch_every=switch_every)
    expected = sent_ids(source, 3000)
    log = MemoryLog()
    with running_sample(
        source, total=3000, cuts=10, cut_after_events=283, cut_mid_event=True
    ) as sample:
        run = Run(log, sample.url)
        run.until(len(expected))
    assert published_ids(log) == expected
    assert run.status.reconnects == 10


def test_a_successor_publishes_nothing_twice_and_misses_nothing():
    """kill -9 may come after any transaction; the successor only has what Kafka holds."""
    source = recent_source(2000, rate=50.0)  # a connection must outlast the rewind of 5 s
    expected = sent_ids(source, 2000)
    log = MemoryLog()
    with running_sample(source, total=2000, cuts=-1, cut_after_events=400) as sample:
        for goal in (300, 900, 1500):
            run = Run(log, sample.url)
            run.until(goal)
        sample.faults.change({"cuts": 0})
        Run(log, sample.url).until(len(expected))
    assert published_ids(log) == expected


def test_what_was_read_but_not_committed_comes_again():
    """The process dies in the commit: nothing of it is readable, nothing is lost."""
    source = recent_source(1000)
    expected = sent_ids(source, 1000)
    log = MemoryLog()
    with running_sample(source, total=1000) as sample:
        run = Run(log, sample.url)
        run.publisher.failure = "broker gone"
        with pytest.raises(PublishError, match="broker gone"):
            run.until(1)
        assert log.records == []
        Run(log, sample.url).until(len(expected))
    assert published_ids(log) == expected


def test_a_refused_position_is_asked_by_time_without_doubles():
    """Asking by time rewinds every topic to the oldest one, far behind what is remembered."""
    # Between a canary of eqiad and the end lie 80 s of codfw: more than is remembered.
    source = recent_source(4000, rate=5.0, switch_every=2000)
    expected = sent_ids(source, 4000)
    log = MemoryLog()
    with running_sample(source, total=3900) as sample:
        Run(log, sample.url).until(len(sent_ids(source, 3900)))
        sample.server.sender.total = 4000
        sample.faults.change({"refuse_positions": 1})
        Run(log, sample.url).until(len(expected))
        asked = list(sample.server.requests)
    assert published_ids(log) == expected
    assert [bool(each["since"]) for each in asked] == [False, False, True]


def test_a_record_carries_domain_original_bytes_and_what_restores_the_memory():
    """Readers count by key; a restart needs id and source topic."""
    source = recent_source(3)
    log = MemoryLog()
    with running_sample(source, total=3) as sample:
        Run(log, sample.url).until(3)
    event = orjson.loads(source.event(1))
    assert log.of(TOPIC)[1] == Record(
        topic=TOPIC,
        value=source.event(1),
        key=event["meta"]["domain"].encode(),
        headers=(
            ("id", event["meta"]["id"].encode()),
            ("src", b"eqiad.mediawiki.recentchange"),
            ("mode", b"sample"),
        ),
        timestamp_ms=source.timestamp_ms(1),
    )


def test_canaries_are_signs_of_life_and_not_published():
    """They keep the position of an idle data centre fresh, and are no edits."""
    source = recent_source(1500)
    log = MemoryLog()
    with running_sample(source, total=1500) as sample:
        run = Run(log, sample.url)
        run.until(1497)
    assert run.status.canaries == 2 or run.status.canaries == 3
    assert b"canary" not in {record.key for record in log.of(TOPIC)}
    assert len(log.of(TOPIC)) == 1497


def bad_events() -> dict[str, str]:
    meta = {"id": "x-1", "domain": "de.wikipedia.org", "dt": "2026-11-22T00:00:00Z"}
    return {
        "malformed": '{"meta": {"id": "cut',
        "null": "null",
        "array": "[1, 2]",
        "no id": '{"meta": {"domain": "de.wikipedia.org"}}',
        "nul byte": "\x00",
        "too large": orjson.dumps({"meta": meta, "x": "y" * 1_048_588}).decode(),
    }


def test_unusable_events_become_dead_letters_and_collecting_goes_on():
    """Bad input never stops a stream and never vanishes."""
    source = recent_source(100)
    log = MemoryLog(limits={TOPIC + ".dlq": 12 * 1024 * 1024})
    with running_sample(source, total=100, inject=list(bad_events().values())) as sample:
        run = Run(log, sample.url)
        run.until(100)
    dead = log.of(TOPIC + ".dlq")
    assert [record.value for record in dead] == [text.encode() for text in bad_events().values()]
    reasons = [dict(record.headers)["weir-reason"].decode() for record in dead]
    assert reasons[1:4] == [
        "not a JSON object but null",
        "not a JSON object but an array",
        "no meta.id",
    ]
    assert reasons[5].startswith("too large: 10")
    assert run.status.dead_letters == len(run.letters) == 6
    assert published_ids(log) == sent_ids(source, 100)


def test_odd_events_with_an_id_are_published_as_they_are():
    """Whether a domain is missing or a year is 99999 is judged in one place: the stream."""
    odd = [
        '{"meta": {"id": "no-domain"}}',
        '{"meta": {"id": "nul", "domain": "a\\u0000b"}}',
        '{"meta": {"id": "year", "domain": "x.org", "dt": "99999-01-01T00:00:00Z"}}',
        '{"meta": {"id": "dc", "domain": "x.org", "topic": "drmrs.mediawiki.recentchange"}}',
        orjson.dumps({"meta": {"id": "big", "domain": "x.org"}, "x": "y" * 300_000}).decode(),
    ]
    source = recent_source(50)
    log = MemoryLog()
    with running_sample(source, total=50, inject=list(odd)) as sample:
        Run(log, sample.url).until(55)
    values = {dict(record.headers)["id"].decode(): record for record in log.of(TOPIC)}
    assert [
        values[name].value.decode() for name in ("no-domain", "nul", "year", "dc", "big")
    ] == odd
    assert values["no-domain"].key is None
    assert values["nul"].key == b"a\x00b"


def test_ten_thousand_domains_pass():
    """A key is only a key; nothing is kept per domain."""
    many = [f'{{"meta": {{"id": "d{n}", "domain": "w{n}.example.org"}}}}' for n in range(10_000)]
    source = recent_source(10)
    log = MemoryLog()
    with running_sample(source, total=10, inject=many) as sample:
        Run(log, sample.url).until(10_010)
    assert len({record.key for record in log.of(TOPIC)}) >= 10_000


def test_sample_data_is_never_added_to_live_data():
    """Counts of both together would be counts of nothing."""
    source = recent_source(20)
    log = MemoryLog()
    with running_sample(source, total=20) as sample:
        Run(log, sample.url).until(20)
        with pytest.raises(ContractError, match="set to live") as refused:
            Run(log, sample.url, mode="live")
    assert "weir sources switch wikimedia live" in refused.value.hint


def test_a_position_near_the_beginning_of_time_asks_for_no_negative_time(
    sample_of_ten: RunningSample,
):
    """Kafka reads a negative time as a command, and refuses."""
    run, asked = Run(MemoryLog(), sample_of_ten.url), []
    run.collector.intake.positions.advance(Place("eqiad.rc", 0), 5)
    rebuild_memory(run.collector.intake, lambda since_ms: iter(asked.append(since_ms) or ()))
    assert asked == [0]


def test_a_stop_finishes_the_open_transaction(sample_of_ten: RunningSample):
    """What was taken before SIGTERM is committed, not read again."""
    log = MemoryLog()
    run = Run(log, sample_of_ten.url)
    run.collector._is_due = lambda: False
    run.collector.run(threading.Event(), for_seconds=1.0)
    assert run.status.state is State.STOPPED
    assert len(log.of(TOPIC)) == 10
    assert run.status.cursor == orjson.loads(log.of("wikimedia.progress")[-1].value)
    assert run.status.newest_ms is not None
    assert datetime.fromtimestamp(run.status.newest_ms / 1000, UTC) < utc_now()


def test_a_programming_error_in_the_reader_ends_the_collector(sample_of_ten: RunningSample):
    """A silent thread would look like a quiet night."""
    run = Run(MemoryLog(), sample_of_ten.url)
    run.collector.reader.fraction = lambda: 1 / 0
    sample_of_ten.faults.change({"refusals": 1})
    with pytest.raises(ZeroDivisionError):
        run.until(10)


@pytest.fixture
def sample_of_ten() -> Iterator[RunningSample]:
    with running_sample(recent_source(10), total=10) as sample:
        yield sample
