"""The short matrix of promo, part of `make test`: a driver dies and stands still at its worst."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.step3.drivers import Plain
from tests.faults.step3.play import CAFE, entries, play
from tests.faults.step3.rig import promo_rig
from weir.settings import Settings

KILLS = ("before_seal_commit", "after_seal", "in_transaction", "after_kafka_commit")
ZOMBIES = ("before_seal_commit", "before_kafka_commit")


@pytest.mark.platform
@pytest.mark.timeout(600)
def test_a_driver_that_dies_or_wakes_up_late_sends_each_notification_once(
    platform: Settings, tmp_path: Path
):
    """Around both commits, with a reader that reads all the while."""
    with promo_rig(platform, tmp_path, Plain(tmp_path), entries(KILLS, ZOMBIES)) as rig:
        rig.subscribe(CAFE, range(20))
        rounds = play(rig, CAFE, len(KILLS) + len(ZOMBIES))
        assert rig.broken() == [f"{k}:kill9" for k in KILLS] + [f"{z}:stop" for z in ZOMBIES]
        assert rig.check() == rounds * (20 + rounds)
