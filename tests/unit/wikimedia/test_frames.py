"""The bounded ways between the collector's threads."""

import threading

import pytest

from weir.kafka.dead_letters import DeadLetter
from weir.sources.wikimedia.client import Frame
from weir.sources.wikimedia.frames import Closed, FrameQueue
from weir.sources.wikimedia.heartbeat import LetterBox


def test_a_full_queue_makes_the_reader_wait_until_there_is_room():
    """A slow Kafka slows the source down instead of filling the memory."""
    queue = FrameQueue(max_frames=2)
    queue.put([Frame("", b"a"), Frame("", b"b")])
    reader = threading.Thread(target=queue.put, args=([Frame("", b"c")],))
    reader.start()
    reader.join(0.1)
    assert reader.is_alive()
    assert queue.get(0) == [Frame("", b"a"), Frame("", b"b")]
    reader.join(10)
    assert queue.get(0) == [Frame("", b"c")]


def test_bytes_fill_the_queue_too():
    """Twenty thousand events of 300 KB are six gigabytes."""
    queue = FrameQueue(max_bytes=10)
    queue.put([Frame("", b"x" * 10)])
    reader = threading.Thread(target=queue.put, args=([Frame("", b"y")],))
    reader.start()
    reader.join(0.1)
    assert reader.is_alive()
    queue.get(0)
    reader.join(10)


def test_waiting_for_the_handling_ends_when_all_is_handled():
    """A resume position is right only when everything read before has moved it."""
    queue = FrameQueue()
    queue.put([Frame("", b"a")])
    waiter = threading.Thread(target=queue.wait_until_handled)
    waiter.start()
    queue.get(0)
    waiter.join(0.1)
    assert waiter.is_alive()
    queue.handled()
    waiter.join(10)
    assert not waiter.is_alive()


def test_a_closed_queue_refuses_the_reader():
    """The collector stops: nobody will ever take more."""
    queue = FrameQueue()
    queue.close()
    with pytest.raises(Closed):
        queue.put([Frame("", b"a")])
    assert queue.get(0) is None


def letter(number: int) -> DeadLetter:
    return DeadLetter(
        topic="t", refused_by="r", reason="r", value=str(number).encode(), source="wikimedia"
    )


@pytest.mark.parametrize("bound", [{"max_letters": 3}, {"max_bytes": 3}])
def test_while_postgresql_is_away_the_oldest_letters_give_way(bound: dict):
    """They are in the dead-letter topic anyway; the memory is not."""
    box = LetterBox(**bound)
    box.add(letter(number) for number in range(10))
    assert [each.value for each in box.take()] == [b"7", b"8", b"9"]
    assert box.given_way == 7
    assert box.take() == []
