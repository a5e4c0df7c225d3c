"""What it costs to write each trial before it begins, and how fast letters are sent again.

Run: `.venv/bin/python -m benchmarks.dead_letters [--letters N] [--batches N]`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from benchmarks.counting.report import RESULTS, revision
from spark_jobs.lib.attempts import StoredTrials
from spark_jobs.lib.control import Control
from spark_jobs.lib.driver import Driver
from spark_jobs.lib.guard import Guard
from spark_jobs.lib.quarantine import Quarantine
from spark_jobs.lib.slices import Slice
from tests.support.letters import letter
from tests.support.platform import attached_platform, running_platform
from tests.support.stores import own_database
from tests.support.topics import create_topic, fresh_topic
from weir.kafka.dead_letters import store
from weir.kafka.declared import progress_of
from weir.kafka.transactional import TransactionalPublisher
from weir.ops.redrive import Redrive
from weir.ops.redrive_wish import Wish
from weir.settings import Settings
from weir.store.postgres import connect

PARTITIONS = 6


def main() -> None:
    """Measure both and write benchmarks/results/dead_letters.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=20_000)
    parser.add_argument("--batches", type=int, default=5_000)
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    with (
        attached_platform(home) if home else running_platform("postgres,kafka") as platform,
        tempfile.TemporaryDirectory() as folder,
        own_database(platform, Path(folder)) as settings,
    ):
        result = {
            "revision": revision(),
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "trials": measure_trials(settings, options.batches),
            "redrive": measure_redrive(settings, options.letters),
        }
    (RESULTS / "dead_letters.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


def measure_trials(settings: Settings, batches: int) -> dict[str, Any]:
    """The guard around nothing, beside a write that waits for the disk."""
    driver = SimpleNamespace(
        file=SimpleNamespace(spec=SimpleNamespace(name="bench")),
        epoch=1,
        control=Control(),
        connect=lambda: connect(settings.dsn_file, application_name="bench"),
    )
    guard = Guard(StoredTrials(cast(Driver, driver), "q", cast(Quarantine, None)), lambda: None)

    def batch(number: int) -> None:
        begins, ends = ({"t": dict.fromkeys(range(PARTITIONS), n)} for n in (number, number + 1))
        guard.run(Slice(batch_id=number, begins=begins, ends=ends), lambda _: None)

    with driver.connect() as connection:
        guarded = milliseconds(batch, batches)
        waiting = milliseconds(
            lambda n: connection.execute("update ops.batch_attempt set attempts = %s", [n]),
            batches // 10,
        )
    return {"batches": batches, "guard_ms": guarded, "write_that_waits_ms": waiting}


def measure_redrive(settings: Settings, letters: int) -> dict[str, Any]:
    """Letters of a few hundred bytes, as fast as they go."""
    topic, publisher = fresh_topic(settings, 3), f"bench-{uuid.uuid4().hex[:8]}"
    create_topic(settings, progress_of(publisher), cleanup_policy="compact")
    with connect(settings.dsn_file, application_name="bench") as connection:
        store(connection, (letter(topic, n, value=b"x" * 300) for n in range(letters)))
        redrive = Redrive(
            connection,
            TransactionalPublisher(settings, publisher),
            asked_by="bench",
            via="cli",
            per_second=1e9,
            check_topic=lambda _: None,
        )
        began = time.monotonic()
        sent = redrive.run(Wish(topic=topic)).letters
        seconds = time.monotonic() - began
    return {"letters": sent, "letters_per_second": round(sent / seconds)}


def milliseconds(act: Callable[[int], object], times: int) -> dict[str, float]:
    """p50, p95 and p99 of so many calls, after some to warm up."""
    taken = []
    for number in range(times + 100):
        began = time.perf_counter()
        act(number)
        taken.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(taken[100:], n=100)
    return {name: round(cuts[at - 1], 3) for name, at in (("p50", 50), ("p95", 95), ("p99", 99))}


if __name__ == "__main__":
    main()
