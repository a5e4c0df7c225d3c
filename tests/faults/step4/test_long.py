"""The ban promise at full length: `make faults STEP=4`; figures in benchmarks/results."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.faults.results import write_result
from tests.faults.step4.rig import FilterRig, OnStale, filter_rig
from tests.support.eventually import eventually
from tests.support.platform import running_platform
from weir.ops.streams import find_stream
from weir.platform.layout import Layout
from weir.platform.supervisor import Supervisor
from weir.settings import Settings

pytestmark = [pytest.mark.long, pytest.mark.step4, pytest.mark.timeout(3600)]

RATE = 2_000
DEEDS = 200
SECONDS = 240.0
ROOMY = find_stream("market_banned_filter").resources


def test_two_hundred_bans_while_everything_breaks(tmp_path: Path):
    """Five kills, one zombie, two restarts of PostgreSQL; nobody sees a banned product."""
    with running_platform() as platform, filter_rig(platform, tmp_path, resources=ROOMY) as rig:
        rig.start()
        shops = rig.shops(rate=RATE)
        shops.start()
        people = threading.Thread(target=rig.ban_for, args=(SECONDS, DEEDS), daemon=True)
        people.start()
        began = time.monotonic()
        for number in range(5):
            rest(rig, 25)
            if number == 2:
                zombie = rig.stand_still()
                rig.wake(zombie)
            rig.kill()
            if number in (1, 3):
                rest(rig, 10)
                restart_postgres(platform)
        people.join()
        shops.end()
        facts = rig.settle() | {"seconds": round(time.monotonic() - began)}
        write_result("faults_step4_ban_promise", **facts)
        assert (facts["leaked"], facts["shown_though_banned"]) == (0, 0), facts
        assert facts["epoch"] >= 7, facts  # five relaunches and one takeover did happen


def test_the_oracle_sees_a_leak_when_the_list_is_not_read_again(platform: Settings, tmp_path: Path):
    """A test that cannot fail proves nothing."""
    with filter_rig(platform, tmp_path) as rig:
        rig.drivers = OnStale()
        rig.start()
        shops = rig.shops(rate=300)
        shops.start()
        rig.ban_for(20, 30)
        shops.end()
        eventually(lambda: len(rig.let()), lambda n: n >= len(rig.world.sent), within_seconds=120)
        leaked = rig.leaked()
        write_result("faults_step4_without_the_re_read", leaked=leaked, deeds=rig.banner.deeds)
        assert leaked > 0


def rest(rig: FilterRig, seconds: float) -> None:
    """Let the world go on for so long."""
    rig.catalogue.over.wait(seconds)


def restart_postgres(platform: Settings) -> None:
    """Stop it, leave it down for three seconds, and start it again."""
    supervisor = Supervisor(Layout(platform))
    supervisor.stop_component("postgres")
    threading.Event().wait(3)
    supervisor.start_component("postgres")
