"""What Prometheus sees of the market's statistics and archive."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.market_facts import fact, facts
from weir.market import statistics_store as store
from weir.ops.lease import Pg
from weir.serving.metric_names import Metric
from weir.serving.metric_reads import fetch_samples

pytestmark = pytest.mark.platform
OURS = {
    Metric.MARKET_PRODUCTS,
    Metric.MARKET_DECISIONS,
    Metric.ARCHIVE_AGE,
    Metric.ARCHIVE_FAILED,
}


def seen(pg: Pg) -> dict[Any, float]:
    return {(s.metric, *s.labels): s.value for s in fetch_samples(pg) if s.metric in OURS}


def test_decisions_are_those_of_the_last_ten_minutes(pg: Pg):
    """An old catalogue that is sent again is no traffic of now."""
    pg.execute("truncate market.product")
    now = int(time.time()) // 60 * 60
    with pg.transaction():
        store.add(
            pg,
            facts(
                fact(offset=1, minute=now),
                fact(offset=2, minute=now),
                fact(offset=3, minute=now - 3600),
                fact("p2", 4, "blocked", minute=now),
            ),
        )
    found = seen(pg)
    changes = ("allowed", "blocked", "deleted", "retracted", "readmitted")
    assert [found[(Metric.MARKET_DECISIONS, change)] for change in changes] == [2, 1, 0, 0, 0]
    assert found[(Metric.MARKET_PRODUCTS, "blocked")] == 0


def test_an_archive_that_never_ran_has_no_age(pg: Pg):
    """Unknown is not zero, and nobody who does not use it is told that it is late."""
    assert not {key for key in seen(pg) if key[0] in (Metric.ARCHIVE_AGE, Metric.ARCHIVE_FAILED)}
    pg.execute(
        "insert into market.archive_run (archive, began_at, succeeded_at, error) values"
        " ('market', now(), now() - interval '1 hour', 'disk full')"
    )
    found = seen(pg)
    assert found[(Metric.ARCHIVE_AGE,)] == pytest.approx(3600, abs=60)
    assert found[(Metric.ARCHIVE_FAILED,)] == 1
