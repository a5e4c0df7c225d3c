"""24 hours of history by `airflow backfill create`, with a pause and a cancel in the middle."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from tests.faults.oracle import count
from tests.faults.results import write_result
from tests.faults.rig import STREAM
from tests.faults.step2.backfill import Backfill, Cadence, cadence
from tests.support.airflow_rest import AirflowRest
from tests.support.eventually import eventually
from tests.support.platform import attached_platform, running_platform
from weir.kafka.reader import read_range
from weir.ops.window import TimeWindow
from weir.settings import Settings
from weir.sources.wikimedia.generator import SampleStream
from weir.store.postgres import connect

pytestmark = [pytest.mark.long, pytest.mark.step2, pytest.mark.timeout(5400)]
HOURS = int(os.environ.get("WEIR_BACKFILL_HOURS", "24"))
SKIPPED_HOURS = int(os.environ.get("WEIR_BACKFILL_SKIPPED_HOURS", "0"))
RATE = 2.0
BASELINE_SECONDS = 60.0


@pytest.fixture
def whole() -> Iterator[Settings]:
    """A whole platform with Airflow whose sample server keeps a week."""
    home = os.environ.get("WEIR_TEST_ROOM")
    given = {"wikimedia_mode": "sample", "wikimedia_sample_rate": RATE, "airflow": True}
    with attached_platform(home) if home else running_platform("", **given) as settings:
        yield settings


def sent(settings: Settings, window: TimeWindow) -> list[bytes]:
    """What the sample server has of the window, made anew; canaries are no events."""
    source = SampleStream(rate=float(os.environ.get("WEIR_WIKIMEDIA_SAMPLE_RATE", RATE)))
    indexes = range(source.index_at(window.start_ms), source.index_at(window.end_ms))
    return [source.event(index) for index in indexes if not source.is_canary(index)]


def in_topic(settings: Settings, window: TimeWindow) -> list[bytes]:
    """What the topic has of the window; nothing in the whole topic may stand there twice."""
    names: Counter[bytes | None] = Counter()
    found = []
    for message in read_range(settings, settings.wikimedia_topic):
        names[dict(message.headers)["id"]] += 1
        if window.start_ms <= (message.timestamp_ms or 0) < window.end_ms:
            found.append(message.value or b"")
    assert [name for name, times in names.items() if times > 1] == []
    return found


def counted(settings: Settings, window: TimeWindow) -> dict[tuple[datetime, str], tuple[int, ...]]:
    with connect(settings.dsn_file, application_name="faults") as connection:
        rows = connection.execute(
            "select window_start, domain, changes, edits, bot_edits from wikimedia.domain_minute"
            " where window_start >= %s and window_start < %s",
            [window.start, window.end],
        ).fetchall()
    return {(row[0], row[1]): row[2:] for row in rows}


def test_a_backfill_that_is_paused_and_cancelled_ends_equal_to_an_independent_count(
    whole: Settings,
):
    """And the live stream keeps its cadence all the while."""
    this_hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    end = this_hour - timedelta(hours=1 + SKIPPED_HOURS)
    window = TimeWindow(end - timedelta(hours=HOURS), end)
    backfill = Backfill(whole, window, AirflowRest(whole))
    quiet = baseline(whole)
    began, began_at = time.monotonic(), datetime.now(UTC)

    shown = backfill.create("--dry-run")
    assert shown.count("\n| 20") == HOURS
    assert backfill.states() == Counter()

    backfill.create("--max-active-runs", "2")
    backfill.wait_for(lambda states: states["success"] >= 2)
    backfill.order("pause")
    paused = backfill.wait_for(lambda states: not states["running"])
    assert paused["success"] < HOURS
    backfill.order("unpause")
    backfill.wait_for(lambda states: states["success"] > paused["success"])
    backfill.order("cancel")
    cancelled = backfill.wait_for(lambda states: not states["running"] and not states["queued"])
    assert cancelled["success"] < HOURS
    backfill.create("--max-active-runs", "2", "--reprocess-behavior", "failed")
    backfill.wait_for(lambda states: states["success"] == HOURS)
    took = time.monotonic() - began

    expected = sent(whole, window)
    ids = sorted(orjson.loads(value)["meta"]["id"] for value in in_topic(whole, window))
    assert ids == count(expected).ids
    eventually(
        lambda: counted(whole, window) == count(expected).minutes,
        bool,
        within_seconds=120,
        every_seconds=2,
    )
    busy = cadence(whole, STREAM, began_at)
    write_result(
        "refill_backfill",
        hours=HOURS,
        events=len(ids),
        lost=0,
        doubled=0,
        seconds=round(took, 1),
        runs_done_when_paused=paused["success"],
        runs_done_when_cancelled=cancelled["success"],
        live_stream_before=quiet.as_facts(),
        live_stream_during=busy.as_facts(),
    )
    assert busy.longest_pause_seconds < 15


def baseline(settings: Settings) -> Cadence:
    """The stream's cadence without a backfill."""
    began_at = datetime.now(UTC)
    threading.Event().wait(BASELINE_SECONDS)
    return cadence(settings, STREAM, began_at)
