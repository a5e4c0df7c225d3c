"""What becomes of one SSE message."""

import hashlib

import orjson
import pytest

from weir.sources.wikimedia.parse import Event, Place, Refusal, parse_event, parse_positions

NOW_MS = 1_795_000_000_000
EQIAD = "eqiad.mediawiki.recentchange"
CODFW = "codfw.mediawiki.recentchange"


def marker(eqiad_ms: int = NOW_MS - 999) -> str:
    rows = [
        {"topic": EQIAD, "partition": 0, "timestamp": eqiad_ms},
        {"topic": CODFW, "partition": 0, "offset": -1},
    ]
    return orjson.dumps(rows).decode()


def data(**meta: object) -> bytes:
    full = {"id": "a-1", "domain": "de.wikipedia.org", "topic": EQIAD, "dt": "2026-11-18T10:00:00Z"}
    return orjson.dumps({"meta": full | meta, "type": "edit"})


def test_an_event_takes_its_time_from_its_own_topics_position():
    """The position is the Kafka time stamp plus one; meta.dt can be hours off."""
    assert parse_event(marker(), data(), NOW_MS) == Event(
        id="a-1",
        topic=EQIAD,
        domain="de.wikipedia.org",
        is_canary=False,
        place=Place(EQIAD, 0),
        after_ms=NOW_MS - 999,
        timestamp_ms=NOW_MS - 1000,
    )


def test_an_event_of_another_topic_than_named_falls_back_to_its_own_time():
    """A position that is not the event's own would move the cursor past unseen events."""
    event = parse_event(marker(), data(topic="other", dt="2026-11-18T11:06:39.000Z"), NOW_MS)
    assert isinstance(event, Event)
    assert (event.place, event.timestamp_ms) == (None, 1_794_999_999_000)


@pytest.mark.parametrize("dt", ["99999-01-01T00:00:00Z", "yesterday", None, 5, "2026-11-18T10:00"])
def test_a_time_that_cannot_be_read_becomes_the_present(dt: object):
    """The record goes on; whether its time is acceptable is the stream's decision."""
    event = parse_event("", data(dt=dt), NOW_MS)
    assert isinstance(event, Event)
    assert event.timestamp_ms == NOW_MS


@pytest.mark.parametrize(
    "after_ms", [NOW_MS + 3_600_000, 10**18, 0, -5, True, "1", 1.5, None], ids=str
)
def test_a_position_that_cannot_be_true_moves_nothing(after_ms: object):
    """A position in the year 99999 would make the next resume skip everything."""
    event = parse_event(marker(after_ms), data(), NOW_MS)
    assert isinstance(event, Event)
    assert event.place is None


def test_a_record_older_than_the_retention_is_stamped_with_the_present():
    """Kafka would delete it before the stream has read it."""
    event = parse_event(marker(NOW_MS - 8 * 24 * 3_600_000), data(), NOW_MS)
    assert isinstance(event, Event)
    assert event.timestamp_ms == NOW_MS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"null", "not a JSON object but null"),
        (b"[1, 2]", "not a JSON object but an array"),
        (b'"text"', "not a JSON object but a text"),
        (b"7", "not a JSON object but a number"),
        (b"{}", "no meta"),
        (b'{"meta": []}', "no meta"),
        (b'{"meta": {"domain": "x"}}', "no meta.id"),
        (b'{"meta": {"id": 5}}', "meta.id is not a short text"),
        (b'{"meta": {"id": ""}}', "meta.id is not a short text"),
        (b'{"meta": {"id": "' + b"x" * 300 + b'"}}', "meta.id is not a short text"),
    ],
)
def test_data_without_an_id_is_refused_with_a_reason(text: bytes, reason: str):
    """Without meta.id nobody can tell it from a copy of itself."""
    assert parse_event(marker(), text, NOW_MS) == Refusal(reason, hashlib.sha256(text).hexdigest())


@pytest.mark.parametrize("text", [b'{"meta": {"id": "a"', b"", b"\x00", b'{"a": "\xff"}', b"NaN"])
def test_data_that_is_no_json_is_refused(text: bytes):
    """A half event must not be published as a whole one."""
    refused = parse_event(marker(), text, NOW_MS)
    assert isinstance(refused, Refusal)
    assert refused.reason.startswith("not JSON: ")


@pytest.mark.parametrize("domain", [None, 5, ["x"]])
def test_an_event_without_a_domain_is_still_an_event(domain: object):
    """The schema is judged in one place, the stream; the collector loses nothing."""
    event = parse_event(marker(), data(domain=domain), NOW_MS)
    assert isinstance(event, Event)
    assert event.domain is None


@pytest.mark.parametrize("text", ["", "null", "{}", "[5]", '[{"topic": 5, "partition": 0}]', "[["])
def test_an_id_that_cannot_be_read_names_no_topic(text: str):
    """An odd id line is no reason to stop."""
    assert parse_positions(text) == {}


def test_a_topic_name_that_kafka_would_refuse_is_not_followed():
    """It would end up in our own Last-Event-ID and in PostgreSQL (which takes no NUL)."""
    rows = [{"topic": "bad\x00name", "partition": 0, "timestamp": 5}]
    assert parse_positions(orjson.dumps(rows).decode()) == {}
