"""The market's statistics on the real cluster: deaths, doubles, the archive, and a backfill."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from tests.support.eventually import eventually
from tests.support.market_statistics_stream import StatisticsStream, statistics_stream
from weir.kafka.declared import dlq_of
from weir.kafka.reader import read_range
from weir.market.archive import archive, folder_of
from weir.market.filtered import PRODUCTS, Change
from weir.settings import Settings

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def stream(
    platform: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StatisticsStream]:
    with statistics_stream(platform, tmp_path_factory.mktemp("statistics")) as stream:
        stream.start()
        yield stream


def settled(stream: StatisticsStream) -> None:
    """Wait until all that was said is counted, and nothing else."""
    stream.producer().flush()
    eventually(stream.counted, lambda found: found == stream.said, within_seconds=PATIENCE_SECONDS)


def test_each_message_is_counted_once_through_two_deaths_and_a_filter_that_repeats(
    stream: StatisticsStream,
) -> None:
    """The filter writes at least once, and drivers die: neither may show in a number."""
    for source in range(500):
        category = "Книги" if source % 3 else "Спорт"
        stream.say(Change.ALLOWED if source % 5 else Change.BLOCKED, source, category=category)
    stream.say(Change.RETRACTED, 7, ban_version=2)
    stream.say(Change.ALLOWED, 1, headers=(("src", b"nonsense"),))
    settled(stream)
    for epoch in (2, 3):
        for source in range(1, 500, 7):
            if source % 5:
                stream.say(Change.ALLOWED, source, category="Книги" if source % 3 else "Спорт")
        stream.signal_driver(signal.SIGKILL)
        for source in range(epoch * 1000, epoch * 1000 + 200):
            stream.say(Change.ALLOWED, source)
        stream.producer().flush()
        stream.wait_for_epoch(epoch)
        settled(stream)
    letters = list(read_range(stream.settings, dlq_of(PRODUCTS)))
    reasons = {dict(letter.headers).get("weir-reason") for letter in letters}
    assert b"not written by the filter" in reasons


def test_the_archive_holds_the_same_messages_and_a_backfill_brings_back_what_was_lost(
    stream: StatisticsStream,
) -> None:
    """Three ways to the same numbers."""
    settled(stream)
    archive(stream.settings)
    stream.say(Change.ALLOWED, 5000, category="Детям")  # in Kafka only
    settled(stream)
    found: Counter[tuple[str, str]] = Counter()
    for path in folder_of(stream.settings).glob("*/date=*/*.parquet"):
        rows = pq.read_table(path, columns=["shop", "category", "change"]).to_pylist()
        found.update((r["category"], r["change"]) for r in rows if r["shop"] == stream.shop)
    assert found == stream.said - Counter({("Детям", "allowed"): 1})

    end = datetime.now(UTC) + timedelta(minutes=1)
    start = end - timedelta(minutes=30)
    with stream.connection() as connection:
        connection.execute("delete from market.product_minute")
    done = stream.count_anew(start.isoformat(), end.isoformat())
    assert done.returncode == 0, done.stderr[-3000:]
    assert stream.counted() == stream.said
    stream.say(Change.ALLOWED, 6000)
    settled(stream)
