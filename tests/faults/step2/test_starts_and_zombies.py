"""Many starts at once, and a driver that wakes up after its successor took over."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.faults.results import write_result
from tests.faults.step2.watcher import Watcher, batches_of_an_older_epoch
from tests.support.counting_stream import CountingStream, counting_stream, wikimedia_event
from tests.support.eventually import eventually
from weir.ops.launch import submit
from weir.ops.master import fetch_master

pytestmark = [pytest.mark.long, pytest.mark.step2, pytest.mark.timeout(1200)]
STARTS = 10


def some_events(number: int) -> list[tuple[str | None, bytes | None]]:
    return [
        (f"wiki{i % 7}.example", wikimedia_event(f"wiki{i % 7}.example")) for i in range(number)
    ]


@pytest.fixture
def stream(platform, tmp_path):
    small = {"driver_memory_mb": 480, "executor_memory_mb": 512, "executor_cores": 1}
    with counting_stream(platform, tmp_path, resources={**small, "shuffle_partitions": 1}) as made:
        yield made


def test_of_ten_starts_at_the_same_moment_one_works_and_nine_leave_with_0(stream: CountingStream):
    """A driver that leaves with another code would be started again and again."""
    watcher = Watcher(stream.settings, stream.spec.name)
    watcher.start()
    stream.produce(some_events(500))
    with ThreadPoolExecutor(STARTS) as pool:
        tokens = [uuid4().hex for _ in range(STARTS)]
        stream.submitted += pool.map(lambda t: submit(stream.settings, stream.spec, t), tokens)

    def states() -> dict[str, int]:
        drivers = fetch_master(stream.settings).drivers
        now = [drivers[driver_id] for driver_id in stream.submitted]
        return {state: now.count(state) for state in set(now)}

    ends = eventually(
        states, lambda now: now == {"RUNNING": 1, "FINISHED": STARTS - 1}, within_seconds=400
    )
    stream.wait_until_counted()
    most = watcher.end()
    write_result(
        "control_ten_starts",
        starts=STARTS,
        ends=ends,
        drivers_at_once=most,
        epochs_taken=stream.lease().epoch,
        events_counted_and_equal=stream.sent(),
    )
    assert (most, stream.lease().epoch) == (1, 1)


def test_a_driver_that_wakes_up_after_a_takeover_writes_nothing(stream: CountingStream):
    """Both of its processes are stopped in the middle of a transaction, and go on later."""
    stream.start()
    stream.wait_for_epoch(1)
    old_token, old_driver = stream.token, stream.submitted[-1]
    with stream.batch_held():
        stream.produce(some_events(500))
        stream.wait_until_held()
        stream.signal_driver(old_token, signal.SIGSTOP, "jvm", "python")
    stream.start()
    stream.wait_for_epoch(2)
    stream.wait_until_counted()
    stream.signal_driver(old_token, signal.SIGCONT, "jvm", "python")
    stream.produce(some_events(500))
    end = eventually(
        lambda: fetch_master(stream.settings).drivers.get(old_driver),
        lambda state: state == "FINISHED",
        within_seconds=120,
    )
    stream.wait_until_counted()
    written = batches_of_an_older_epoch(stream.settings, stream.spec.name)
    write_result(
        "control_zombie",
        batches_written_by_the_zombie=written,
        its_end=end,
        epoch=stream.lease().epoch,
        events_counted_and_equal=stream.sent(),
    )
    assert (written, stream.lease().epoch) == (0, 2)
