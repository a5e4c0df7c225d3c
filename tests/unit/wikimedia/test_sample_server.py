"""The sample server answers as EventStreams does, and refuses faults it does not know."""

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.support.wikimedia_sample import recent_source, running_sample
from weir.sources.wikimedia.assemble import is_forgotten
from weir.sources.wikimedia.sample_position import BadPosition, begin
from weir.sources.wikimedia.sample_replay import read_replay
from weir.sources.wikimedia.sample_server import TOPICS, build_server, read_arguments

SOURCE = recent_source(1000, rate=100.0)


def start_indexes(
    last_event_id: str = "",
    since: str = "",
    oldest_ms: int | None = None,
    oldest_since_ms: int | None = None,
):
    positions = begin(
        SOURCE,
        TOPICS,
        last_event_id=last_event_id,
        since=since,
        latest=999,
        oldest_ms=oldest_ms,
        oldest_since_ms=oldest_since_ms,
    )
    return positions.start_index


def place(topic: str, **where: int) -> dict:
    return {"topic": topic, "partition": 0, **where}


def test_a_new_client_gets_the_latest():
    """Nobody wants a week of history by accident."""
    assert start_indexes() == dict.fromkeys(TOPICS, 999)


def test_an_offset_beats_a_timestamp():
    """As documented for the real service."""
    both = place(TOPICS[0], timestamp=SOURCE.timestamp_ms(10), offset=20)
    assert start_indexes(json.dumps([both]))[TOPICS[0]] == 20


def test_offset_minus_one_is_latest():
    """The trap: a topic that was never seen loses its first events."""
    assert start_indexes(json.dumps([place(TOPICS[1], offset=-1)]))[TOPICS[1]] == 999


def test_last_event_id_beats_since():
    """`since` is ignored when the header assigns positions."""
    header = json.dumps([place(TOPICS[0], timestamp=SOURCE.timestamp_ms(10))])
    found = start_indexes(header, since=str(SOURCE.timestamp_ms(500)))
    assert found == {TOPICS[0]: 10, TOPICS[1]: 999}


def test_a_position_older_than_the_retention_starts_at_the_latest():
    """What is gone is gone; the client sees a gap."""
    too_old = SOURCE.timestamp_ms(10)
    positions = json.dumps([place(topic, timestamp=too_old) for topic in TOPICS])
    assert start_indexes(positions, oldest_ms=too_old + 1) == dict.fromkeys(TOPICS, 999)
    found = start_indexes(since=str(too_old), oldest_since_ms=too_old + 1)
    assert found == dict.fromkeys(TOPICS, 999)


def test_who_asks_by_time_gets_more_history_than_who_resumes():
    """A collector that was away is not flooded; a refill asks for the past on purpose."""
    found = start_indexes(since=str(SOURCE.timestamp_ms(10)), oldest_ms=SOURCE.timestamp_ms(500))
    assert found == dict.fromkeys(TOPICS, 10)
    assert build_server(read_arguments([])).history_ms == 7 * 24 * 3600 * 1000


@pytest.mark.parametrize("text", ["{", "5", "[5]", '[{"topic": "x"}]', '[{"timestamp": "x"}]'])
def test_a_broken_position_is_refused(text: str):
    """The answer is 400, as there."""
    with pytest.raises(BadPosition):
        start_indexes(text)


def test_a_date_is_a_position_too():
    """`since` takes both forms."""
    assert start_indexes(since="2020-01-01T00:00:00Z") == dict.fromkeys(TOPICS, 0)
    with pytest.raises(BadPosition):
        start_indexes(since="yesterday")


def test_faults_are_changed_while_it_runs_and_unknown_ones_are_refused():
    """A fault that is misspelt would make a test pass for nothing."""
    with running_sample(recent_source(5)) as sample:
        address = f"http://127.0.0.1:{sample.port}/_faults"
        assert httpx.post(address, json={"cuts": 3}).json()["faults"]["cuts"] == 3
        refused = httpx.post(address, json={"cutz": 3})
        wrong = httpx.post(address, json={"cuts": "3"})
    assert (refused.status_code, wrong.status_code) == (400, 400)
    assert "no fault named 'cutz'" in refused.text


def test_a_recording_is_sent_once_unchanged_and_in_order(tmp_path: Path):
    """A real hour of edits can be looked at again, broken lines included."""
    recording = tmp_path / "events.jsonl"
    lines = [SOURCE.event(0), b'{"broken', b"null", SOURCE.event(1)]
    recording.write_bytes(b"\n".join(lines) + b"\n")
    server = build_server(read_arguments(["--replay", str(recording), "--rate", "1000"]))
    replay = read_replay(recording, 1000.0)
    assert [replay.event(index) for index in range(4)] == lines
    assert server.sender.total == 4
    assert server.from_beginning


def test_the_server_of_the_platform_forgets_after_a_quarter_of_an_hour():
    """Made-up events that nobody waited for are only a flood to whoever comes back."""
    assert build_server(read_arguments([])).retention_ms == 15 * 60 * 1000
    longer = build_server(read_arguments(["--retention-minutes", "90"]))
    assert longer.retention_ms == 90 * 60 * 1000


def test_a_collector_says_what_a_source_has_forgotten():
    """What was lost must not be lost in silence; each source keeps its own time."""
    hour = timedelta(hours=1)
    assert is_forgotten(hour, "sample")
    assert not is_forgotten(hour, "live")
    assert is_forgotten(timedelta(days=8), "live")
