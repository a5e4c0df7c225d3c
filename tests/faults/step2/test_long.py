"""The long matrix of the control room, `make faults STEP=2`: each thing ten times, idle and loaded.

WEIR_MATRIX_TIMES and WEIR_MATRIX_ONLY (parts of names, by comma) make a shorter run; each
scenario's row replaces that of the result file as soon as it is over.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest

from tests.faults.results import FOLDER, revision, write_result
from tests.faults.rig import STREAM
from tests.faults.step2.room import Room, room
from tests.faults.step2.scenarios import SCENARIOS
from tests.faults.step2.watcher import batches_of_an_older_epoch

pytestmark = [pytest.mark.long, pytest.mark.step2, pytest.mark.timeout(12_000)]
TIMES = int(os.environ.get("WEIR_MATRIX_TIMES", "10"))
ONLY = os.environ.get("WEIR_MATRIX_ONLY", "")
CHOSEN = [name for name in SCENARIOS if any(part in name for part in ONLY.split(","))]
RATES = {"idle": 0.02, "load": 150.0}


@pytest.mark.parametrize("mode", RATES)
def test_each_hand_and_each_fault_ends_as_documented(mode):
    """State, number of drivers, counts."""
    with room(rate=RATES[mode]) as r:
        for name in CHOSEN:
            row = measured(r, name)
            row["batches_of_an_older_epoch"] = batches_of_an_older_epoch(r.settings, STREAM)
            row["events_counted_and_equal"] = r.check_counts()
            keep({f"{name}, {mode}": {"revision": revision(), **row}})
            assert (row["drivers_at_once"], row["batches_of_an_older_epoch"]) == (1, 0)


def measured(r: Room, name: str) -> dict[str, Any]:
    """One scenario, so many times; one row of the result file."""
    seconds, ends = [], set()
    with r.watched() as watcher:
        for _ in range(TIMES):
            began = time.monotonic()
            ends.add(SCENARIOS[name](r))
            seconds.append(round(time.monotonic() - began, 1))
        held = r.slots_held()
    [end] = ends
    return {
        "times": TIMES,
        "end": end,
        "drivers_at_once": watcher.most,
        "looks": watcher.looks,
        "worker_slots_held_after": held,
        "seconds": seconds,
    }


def keep(rows: dict[str, Any]) -> None:
    """Put these rows into benchmarks/results/control_matrix.json."""
    path = FOLDER / "control_matrix.json"
    known = json.loads(path.read_text())["scenarios"] if path.exists() else {}
    write_result("control_matrix", scenarios=known | rows)
