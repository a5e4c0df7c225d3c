"""What Prometheus sees of promo, from rows written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.promo import SealingStream, campaign
from tests.support.promo_rows import Past
from weir.promo.campaigns import cancel_campaign
from weir.serving.metric_names import Metric
from weir.serving.metric_reads import fetch_samples

pytestmark = pytest.mark.platform


def seen(stream: SealingStream) -> dict[Any, float]:
    found = {}
    for sample in fetch_samples(stream.pg):
        if sample.metric.startswith("weir_promo"):
            found[(sample.metric, *sample.labels)] = sample.value
    return found


def test_an_empty_platform_has_zeros_and_knows_nothing_of_kafka(stream: SealingStream):
    """Zero campaigns is a fact; a delay that was never measured is none."""
    zero = {(Metric.PROMO_CAMPAIGNS, s): 0 for s in ("held", "active", "expired", "cancelled")}
    assert seen(stream) == zero | {
        (Metric.PROMO_NOTIFICATIONS,): 0,
        (Metric.PROMO_OVERDUE,): 0,
        (Metric.PROMO_CHANGES,): 0,
    }


def test_campaigns_notifications_and_new_subscribers_are_counted(stream: SealingStream):
    """The first panel of the dashboard."""
    stream.subscribe("r1", "a", "b")
    stream.seal(campaign(), campaign(start=2 * 10**9, end=3 * 10**9))
    found = seen(stream)
    assert found[(Metric.PROMO_CAMPAIGNS, "active")] == 1
    assert found[(Metric.PROMO_CAMPAIGNS, "held")] == 1
    assert found[(Metric.PROMO_NOTIFICATIONS,)] == 2
    assert found[(Metric.PROMO_CHANGES,)] == 2


@pytest.mark.parametrize(
    ("state", "starts", "ends", "cancelled", "overdue"),
    [
        ("held", -60, 3600, False, True),  # should have begun
        ("held", 3600, 7200, False, False),
        ("active", -60, 3600, False, False),
        ("active", -3600, -60, False, True),  # should have ended
        ("active", -3600, 3600, True, True),  # should have been cancelled
        ("expired", -3600, -60, False, False),
    ],
)
def test_a_campaign_that_waits_for_its_batch_is_overdue(
    stream: SealingStream, state: str, starts: int, ends: int, cancelled: bool, overdue: bool
):
    """A dead waker, or a stream that hangs, shows here first."""
    ((now,),) = stream.rows("select extract(epoch from now())::bigint")
    past = Past(stream.pg)
    past.received(state=state, starts=now + starts, ends=now + ends)
    if cancelled:
        cancel_campaign(stream.pg, past.campaign, who="anna", via="test")
    seconds = seen(stream)[(Metric.PROMO_OVERDUE,)]
    assert (seconds > 0) == overdue
    assert seconds < 120


def test_chunks_after_the_newest_published_one_wait(stream: SealingStream):
    """Of a batch whose publishing died in the middle, the rest is counted."""
    stream.pg.execute(
        "insert into ops.publication (stream, cluster_id, topic_id, published_seq, published_chunk)"
        " values ('promo', 'c', 't', 5, 1)"
    )
    for seq, chunks in ((4, 1), (5, 2), (6, 1)):
        stream.pg.execute(
            "insert into ops.batch_ledger (stream, query, seq, generation, batch_id, epoch,"
            " offsets, n_rows, chunks, sealed_at)"
            " values ('promo', 'q', %s, 1, %s, 1, '{}', 0, %s, now() - %s * interval '1 min')",
            [seq, seq, chunks, 10 - seq],
        )
        for chunk in range(1, chunks + 1):
            stream.pg.execute(
                "insert into promo.batch_chunk values ('promo', %s, %s, 100, '')", [seq, chunk]
            )
    found = seen(stream)
    assert found[(Metric.PROMO_UNPUBLISHED, "promo")] == 200
    assert found[(Metric.PROMO_UNPUBLISHED_AGE, "promo")] == pytest.approx(300, abs=30)
    stream.pg.execute("update ops.publication set published_seq = 6, published_chunk = 1")
    found = seen(stream)
    assert found[(Metric.PROMO_UNPUBLISHED, "promo")] == 0
    assert found[(Metric.PROMO_UNPUBLISHED_AGE, "promo")] == 0
