"""What the metrics say of bans."""

from __future__ import annotations

import pytest

from tests.support.bans import BanDesk, product
from weir.serving.metric_names import Metric
from weir.serving.metric_reads import fetch_samples

pytestmark = pytest.mark.platform


def told(desk: BanDesk) -> dict[Metric, float]:
    wanted = (Metric.BANS, Metric.BAN_UNTOLD, Metric.BAN_UNSETTLED)
    return {s.metric: s.value for s in fetch_samples(desk.pg) if s.metric in wanted}


def test_a_change_that_nobody_was_told_of_and_nobody_follows_grows_old(desk: BanDesk):
    """A relay that stands still is seen by its age."""
    assert told(desk) == {Metric.BANS: 0, Metric.BAN_UNTOLD: 0, Metric.BAN_UNSETTLED: 0}
    desk.ban(product("p1"))
    desk.pg.execute("update market.ban_outbox set created_at = now() - interval '50 s'")
    desk.pg.execute("update market.ban_unsettled set changed_at = now() - interval '20 s'")
    found = told(desk)
    assert found[Metric.BANS] == 1
    assert 50 <= found[Metric.BAN_UNTOLD] < 60
    assert 20 <= found[Metric.BAN_UNSETTLED] < 30
    desk.pg.execute("update market.ban_outbox set published_at = now()")
    assert told(desk)[Metric.BAN_UNTOLD] == 0
