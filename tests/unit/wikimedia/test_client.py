"""The client and the sample server talk over real loopback HTTP."""

import queue
import threading

import httpx
import orjson
import pytest

from tests.support.wikimedia_sample import recent_source, running_sample
from weir.sources.wikimedia import client as client_module
from weir.sources.wikimedia.client import Frame, WikimediaClient, user_agent

AGENT = user_agent("ops@example.org", "sample")


class Collected:
    """Takes frames; closes the client when it has enough."""

    def __init__(self, client: WikimediaClient, enough: int | None = None) -> None:
        self.frames: list[Frame] = []
        self._client, self._enough = client, enough

    def __call__(self, frames: list[Frame]) -> None:
        self.frames += frames
        if self._enough is not None and len(self.frames) >= self._enough:
            self._client.close()


def read(url: str, *, enough: int | None = None, idle_seconds: float = 5.0, **ask: object):
    client = WikimediaClient(url, AGENT, idle_seconds=idle_seconds)
    collected = Collected(client, enough)
    ended = client.read(collected, **ask)
    return ended, collected.frames


def test_the_data_arrives_byte_for_byte():
    """The topic holds the original event, unchanged."""
    source = recent_source(600)
    with running_sample(source, total=600) as sample:
        ended, frames = read(sample.url, enough=600)
    assert [frame.data for frame in frames] == [source.event(index) for index in range(600)]
    assert ended.status is None


def test_an_event_cut_in_the_middle_is_not_delivered():
    """Half an event is broken JSON; the whole one comes after the resume."""
    source = recent_source(600)
    with running_sample(source, total=600, cuts=1, cut_after_events=37, cut_mid_event=True) as it:
        ended, frames = read(it.url)
    assert [frame.data for frame in frames] == [source.event(index) for index in range(36)]
    assert ended.events == 36
    assert "connection lost" in ended.what


def test_a_resume_repeats_nothing_before_its_positions_and_misses_nothing_after():
    """Every topic goes on at its own position."""
    source = recent_source(300, rate=100.0)
    position = orjson.dumps(
        [{"topic": source.topic(0), "partition": 0, "timestamp": source.timestamp_ms(250)}]
    ).decode()
    with running_sample(source, total=300) as sample:
        _, frames = read(sample.url, enough=50, last_event_id=position)
        asked = sample.server.requests[-1]
    assert [frame.data for frame in frames] == [source.event(index) for index in range(250, 300)]
    assert asked["last_event_id"] == position


def test_asking_by_time_starts_there():
    """The way out when the server refuses the positions."""
    source = recent_source(300, rate=100.0)
    with running_sample(source, total=300) as sample:
        _, frames = read(sample.url, enough=50, since_ms=source.timestamp_ms(250))
    assert frames[0].data == source.event(250)


def test_silence_ends_the_connection_after_the_idle_time():
    """The stream has no heartbeats: a dead connection looks like a quiet one."""
    with running_sample(recent_source(50), total=50, silences=1, silent_after_events=10) as sample:
        ended, frames = read(sample.url, idle_seconds=0.3)
    assert len(frames) == 10
    assert ended.what == "no byte for 0.3 s"


@pytest.mark.parametrize(("status", "retry_after"), [(429, "17"), (403, ""), (503, "5")])
def test_a_refusal_comes_back_with_its_status(status: int, retry_after: str):
    """Each status has its own way out."""
    with running_sample(
        recent_source(5), refusals=1, refuse_status=status, retry_after=retry_after
    ) as sample:
        ended, frames = read(sample.url)
    assert (ended.status, ended.retry_after, frames) == (status, retry_after, [])


def test_a_position_that_cannot_be_read_is_refused_with_400():
    """Then the request must say that it had one, so that the next goes by time."""
    with running_sample(recent_source(5)) as sample:
        ended, _ = read(sample.url, last_event_id='{"not": "a list"}')
    assert (ended.status, ended.had_position) == (400, True)


def test_a_default_user_agent_is_refused_as_by_the_real_site():
    """Wikimedia answers 403 to library defaults; sample mode must show that too."""
    with running_sample(recent_source(5)) as sample:
        assert httpx.get(sample.url).status_code == 403
    assert AGENT.startswith("WeirBot/")
    assert "(ops@example.org) httpx/" in AGENT


def test_an_error_event_ends_the_connection_and_is_told():
    """The server reports its own failures in the stream."""
    with running_sample(recent_source(50), error_events=1, error_after_events=20) as sample:
        ended, frames = read(sample.url)
    assert len(frames) == 20
    assert ended.what == 'the server reports an error: {"message": "sample error"}'


def test_garbage_between_events_is_passed_over():
    """Unknown fields are allowed by the standard."""
    source = recent_source(30)
    with running_sample(source, total=30, inject_lines=["%%% garbage", "retry: soon"]) as sample:
        _, frames = read(sample.url, enough=30)
    assert [frame.data for frame in frames] == [source.event(index) for index in range(30)]


def test_an_event_of_300_kb_passes_whole():
    """Large comments and log parameters occur."""
    text = orjson.dumps({"comment": "ü" * 150_000}).decode()
    with running_sample(recent_source(10), total=10, inject=[text]) as sample:
        _, frames = read(sample.url, enough=11)
    assert text.encode() in [frame.data for frame in frames]


def test_an_endless_line_is_cut_and_the_next_event_arrives(monkeypatch: pytest.MonkeyPatch):
    """One broken line must not fill the memory, nor stop the stream for ever."""
    monkeypatch.setattr(client_module, "MAX_LINE_BYTES", 100_000)
    source = recent_source(200)
    with running_sample(source, total=200, inject=["x" * 5_000_000]) as sample:
        _, frames = read(sample.url, enough=201)
    cut = [frame.data for frame in frames if frame.data.startswith(b"xx")]
    assert [len(data) <= 100_000 for data in cut] == [True]
    assert frames[-1].data == source.event(199)


def test_bytes_that_are_no_utf8_arrive_as_they_are():
    """A dead letter must show what really came."""
    with running_sample(recent_source(10), total=10, inject=["\ud800 \x00 \u2028 \x85"]) as sample:
        _, frames = read(sample.url, enough=11)
    raw = "\ud800 \x00 \u2028 \x85".encode("utf-8", "surrogatepass")
    assert raw in [frame.data for frame in frames]


def test_an_address_where_nobody_listens_is_a_lost_connection():
    """The sample server may start later than the collector."""
    ended, _ = read("http://127.0.0.1:9/")
    assert ended.status is None
    assert "connection lost" in ended.what


def test_events_are_delivered_before_a_silence_and_another_thread_can_end_it():
    """An event must not wait for the next one, nor a stop."""
    with running_sample(recent_source(5), total=5) as sample:
        client = WikimediaClient(sample.url, AGENT, idle_seconds=60)
        arrived: queue.Queue[list[Frame]] = queue.Queue()
        thread = threading.Thread(target=client.read, args=(arrived.put,))
        thread.start()
        assert len(arrived.get(timeout=5)) == 5
        client.close()
        thread.join(5)
        assert not thread.is_alive()
