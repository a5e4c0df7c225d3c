"""Whether a collector works, from what it last wrote about itself."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from weir.store.collectors import CollectorRow, is_working

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ROW = CollectorRow(
    collector="wikimedia",
    mode="sample",
    state="streaming",
    started_at=NOW - timedelta(hours=1),
    heartbeat_at=NOW - timedelta(seconds=2),
    pid=os.getpid(),
)
NOBODY = 2**22 + 1  # above the largest process id


@pytest.mark.parametrize("state", ["connecting", "streaming", "waiting"])
def test_a_collector_that_waits_for_its_source_works(state: str):
    """The source's troubles are waited out; a restart would help nobody."""
    assert is_working(replace(ROW, state=state), NOW)


@pytest.mark.parametrize(
    "row",
    [
        replace(ROW, state="stopped"),
        replace(ROW, heartbeat_at=NOW - timedelta(seconds=15)),
        replace(ROW, pid=NOBODY),
        replace(ROW, pid=None),
    ],
)
def test_a_fresh_sign_of_life_of_a_dead_process_is_none(row: CollectorRow):
    """A collector that refuses at every start leaves one every few seconds."""
    assert not is_working(row, NOW)
