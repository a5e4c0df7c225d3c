"""Draining: between two batches, never inside one."""

from __future__ import annotations

import threading

import pytest

from spark_jobs.lib.control import Control, StopRequested


def test_a_batch_that_begins_after_the_request_raises_before_any_side_effect() -> None:
    """Spark then replays it after the restart."""
    control = Control()
    control.stop.set()
    with pytest.raises(StopRequested), control.batch():
        pytest.fail("the batch must not begin")


def test_an_idle_query_is_stopped_at_once() -> None:
    """No further batch may come for hours."""
    control = Control()
    stopped: list[str] = []
    assert not control.stop_between_batches(lambda: stopped.append("early"))
    control.stop.set()
    assert control.stop_between_batches(lambda: stopped.append("now"))
    assert stopped == ["now"]


def test_a_query_is_not_stopped_while_a_batch_is_at_work() -> None:
    """query.stop() would cancel Spark's part while the outside write goes on."""
    control = Control()
    with control.batch():
        control.stop.set()
        assert not control.stop_between_batches(lambda: pytest.fail("stopped inside a batch"))
    assert control.batches == 1


def test_a_batch_that_begins_while_the_query_is_stopped_gives_way() -> None:
    """query.stop() waits for the thread of the batch: if that waited too, neither would end."""
    control = Control()
    outcome: list[str] = []

    def begin_batch() -> None:
        try:
            with control.batch():
                outcome.append("at work")
        except StopRequested:
            outcome.append("gave way")

    def stop_query() -> None:
        thread = threading.Thread(target=begin_batch, daemon=True)
        thread.start()
        thread.join(timeout=5)

    control.stop.set()
    assert control.stop_between_batches(stop_query)
    assert outcome == ["gave way"]
