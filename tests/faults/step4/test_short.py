"""The ban promise in short, part of `make test`: a driver dies while people ban and lift."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.step4.people import sku_of
from tests.faults.step4.rig import filter_rig
from tests.support.eventually import eventually
from weir.market.rules import Kind, Rule
from weir.settings import Settings

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]


def test_no_banned_product_passes_though_a_driver_dies_and_the_list_is_away(
    platform: Settings, tmp_path: Path
):
    """The promise, with everything that may go wrong once."""
    with filter_rig(platform, tmp_path) as rig:
        rig.start()
        shops = rig.shops(rate=300)
        shops.start()
        rig.ban_for(6, 14)
        rig.kill()
        rig.ban_for(10, 10, seed=5)
        shops.end()
        rig.banner.ban(Rule(Kind.SKU_PREFIX, sku_of(7)[:4]))
        after = rig.shops(rate=0)
        after.send(7)
        after.flush()
        facts = rig.settle()
        assert (facts["leaked"], facts["shown_though_banned"]) == (0, 0), facts
        assert facts["blocked_in_the_end"] > 0, facts

        # With no product flowing, a ban takes back what is out, and its end lets it in again.
        shown = sorted(rig.shown())
        rule = Rule(Kind.SKU, sku_of(int(shown[0].removeprefix("p"))))
        asked = time.monotonic()
        rig.banner.ban(rule)
        eventually(rig.shown, lambda now: shown[0] not in now, within_seconds=20)
        assert time.monotonic() - asked < 15
        rig.banner.lift(rule)
        eventually(rig.shown, lambda now: shown[0] in now, within_seconds=20)

        # Without the list nothing passes; with it again everything does.
        last = rig.shops(rate=0)
        with rig.without_list():
            before = rig.ends()
            for number in range(50):
                last.send(number)
            last.flush()
            rig.catalogue.over.wait(3)
            assert rig.ends() == before
        facts = rig.settle()
        assert (facts["leaked"], facts["shown_though_banned"]) == (0, 0), facts
