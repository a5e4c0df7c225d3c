"""What the metrics say of recommendations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.market_shelf import Shelf
from tests.support.stores import own_database
from weir.serving.metric_names import Metric
from weir.serving.metric_reads import fetch_samples
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


@pytest.fixture
def shelf(platform: Settings, tmp_path: Path) -> Iterator[Shelf]:
    with (
        own_database(platform, tmp_path) as settings,
        connect(settings.dsn_file, application_name="test") as pg,
    ):
        yield Shelf(pg)


def told(shelf: Shelf) -> dict[object, float]:
    samples = fetch_samples(shelf.pg)
    wanted = (Metric.RECOMMEND_REQUESTS, Metric.RECOMMEND_SLOWEST)
    return {(s.metric, *s.labels): s.value for s in samples if s.metric in wanted}


def test_the_requests_of_the_last_ten_minutes_are_told_by_what_came_of_them(shelf: Shelf):
    """An hour ago is another story; without requests there is no slowest answer."""
    none = {(Metric.RECOMMEND_REQUESTS, outcome): 0.0 for outcome in ("items", "empty", "expired")}
    assert told(shelf) == none
    shelf.pg.execute(
        "insert into market.answer_minute (minute, answered, without_items, expired, slowest_ms)"
        " values (clock_timestamp() - interval '1 hour', 100, 50, 50, 9000),"
        " (clock_timestamp() - interval '2 minutes', 7, 2, 1, 450),"
        " (clock_timestamp() - interval '3 minutes', 3, 0, 4, 700)"
    )
    assert told(shelf) == {
        (Metric.RECOMMEND_REQUESTS, "items"): 8.0,
        (Metric.RECOMMEND_REQUESTS, "empty"): 2.0,
        (Metric.RECOMMEND_REQUESTS, "expired"): 5.0,
        (Metric.RECOMMEND_SLOWEST,): 0.7,
    }
