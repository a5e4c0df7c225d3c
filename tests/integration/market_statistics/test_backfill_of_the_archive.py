"""The batch that counts anew, on a local Spark, over an archive that holds everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from spark_jobs.market_statistics import backfill
from spark_jobs.market_statistics.backfill import History, count_anew
from tests.support.filter_in_memory import NOON_MS, FilterInMemory
from tests.unit.spark_jobs.conftest import spark as local_spark
from weir.market.archive import archive
from weir.market.filtered import Change
from weir.ops.audit import fetch_deeds
from weir.ops.lease import Pg
from weir.ops.window import TimeWindow
from weir.settings import Settings

pytestmark = pytest.mark.platform
spark = local_spark
NOON = datetime.fromtimestamp(NOON_MS / 1000, UTC)


@pytest.mark.parametrize("at_once", [1_000, 2])
def test_hours_are_counted_from_the_archive_and_again_without_a_change(
    spark: SparkSession,
    own: Settings,
    pg: Pg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    """Two hours of a longer history, read together or one by one."""
    pg.execute("truncate ops.audit")
    monkeypatch.setattr(backfill, "AT_ONCE", at_once)
    here = own.model_copy(update={"home": tmp_path})
    said = FilterInMemory()
    said.stand_in(monkeypatch, "weir.market.archive")
    said.stand_in(monkeypatch, backfill.__name__)
    hour_ms = 3_600_000
    for source in range(4):
        said.say(Change.ALLOWED, f"p{source}", source, at_ms=NOON_MS + source * hour_ms)
    said.say(Change.ALLOWED, "p1", 1, at_ms=NOON_MS + hour_ms)  # the filter repeats itself
    said.say(Change.BLOCKED, "p9", 9, at_ms=NOON_MS + hour_ms)
    archive(here)
    window = TimeWindow(NOON + timedelta(hours=1), NOON + timedelta(hours=3))
    past = History(spark, here, window)
    done = count_anew(here, past, window, may_lower=False, who="anna")
    assert [(each.before, each.after) for each in done] == [(0, 2), (0, 1)]
    again = count_anew(here, past, window, may_lower=False, who="anna")
    assert [(each.before, each.after) for each in again] == [(2, 2), (1, 1)]
    rows = pg.execute(
        "select product_id, allowed, blocked, price_sum::int from market.product_minute"
        " order by window_start, product_id"
    ).fetchall()
    assert rows == [("p1", 1, 0, 100), ("p9", 0, 1, 0), ("p2", 1, 0, 100)]
    deeds = fetch_deeds(pg, str(window))
    assert [(deed.who, deed.details) for deed in deeds] == [
        ("anna", {"before": 3, "after": 3}),
        ("anna", {"before": 0, "after": 3}),
    ]
