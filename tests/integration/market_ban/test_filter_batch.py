"""The filter batch by batch, on local Spark and a real PostgreSQL: the promise without luck."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from pyspark.sql import SparkSession

from spark_jobs.lib import topics_batch
from spark_jobs.market_banned_filter import batch as module
from spark_jobs.market_banned_filter.schema import declared
from tests.support.bad_products import message
from tests.support.bans import BanDesk, prefix, product
from tests.support.filter_in_process import LocalFilter, Pair
from tests.support.local_spark import local_session
from weir.market.filtered import Change
from weir.ops.lease import Fenced

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    session = local_session(shuffle_partitions=1)
    yield session
    session.stop()


@pytest.fixture
def filtering(
    spark: SparkSession, desk: BanDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> LocalFilter:
    return LocalFilter(spark, desk, tmp_path, monkeypatch)


def a(name: str, sku: str = "S-1") -> Pair:
    return name.encode(), message(product_id=name, sku=sku)


def test_a_ban_holds_in_the_next_batch_and_a_lift_too(desk: BanDesk, filtering: LocalFilter):
    """The list is read again whenever its version has moved."""
    assert filtering.filters(a("p1"), a("p2")) == [("p1", Change.ALLOWED), ("p2", Change.ALLOWED)]
    desk.ban(product("p1"))
    assert filtering.filters(a("p1"), a("p2")) == [("p1", Change.BLOCKED), ("p2", Change.ALLOWED)]
    desk.unban(product("p1"))
    assert filtering.filters(a("p1")) == [("p1", Change.ALLOWED)]


def test_a_ban_after_the_offsets_are_fixed_holds_in_that_very_batch(
    desk: BanDesk, filtering: LocalFilter
):
    """Offsets first, then the list: the order from which the promise follows."""
    filtering.filters(a("p0"))
    frame = filtering.plan(a("p1"))
    desk.ban(product("p1"))
    filtering.batch(frame, 1)
    assert filtering.changes()[1:] == [("p1", Change.BLOCKED)]


def test_a_scheduled_ban_begins_and_ends_without_a_new_version(
    desk: BanDesk, filtering: LocalFilter
):
    """Nobody has to be awake at midnight."""
    desk.ban(product("p1"), valid_from=desk.now() + timedelta(hours=1))
    assert filtering.filters(a("p1")) == [("p1", Change.ALLOWED)]
    listed = filtering.batch._bans
    assert listed is not None
    begins = desk.now()
    desk.pg.execute("update market.ban set valid_from = %s", [begins])
    object.__setattr__(listed, "changes_at", begins)  # as if it had been read with this time
    version = desk.version()
    assert filtering.filters(a("p1")) == [("p1", Change.BLOCKED)]
    assert desk.version() == version


def test_a_ban_alone_takes_back_what_is_out(desk: BanDesk, filtering: LocalFilter):
    """No shop sends anything; the record of the ban makes the batch."""
    filtering.filters(a("p1", "S-1"))
    desk.put_product("p1", "S-1")
    desk.ban(prefix("S-"))
    assert filtering.filters(asked=True) == [("p1", Change.RETRACTED)]
    assert filtering.writes == 1


def test_what_is_let_in_again_comes_before_newer_versions(desk: BanDesk, filtering: LocalFilter):
    """Else the old version would stand last in the compacted topic."""
    desk.ban(product("p1"))
    filtering.filters(a("p1"))
    desk.put_product("p1", "S-1", "blocked")
    desk.unban(product("p1"))
    assert filtering.filters(a("p1")) == [("p1", Change.READMITTED), ("p1", Change.ALLOWED)]


def test_each_batch_says_under_which_list_it_was_done(desk: BanDesk, filtering: LocalFilter):
    """The relay waits for it before it calls a rule settled."""
    desk.ban(product("p1"))
    filtering.filters(a("p1"))
    seen = desk.rows("select stream, ban_version from market.filter_seen")
    assert seen == [(filtering.spec.name, desk.version())]


def test_a_batch_that_was_done_is_not_written_again(filtering: LocalFilter):
    """A lost checkpoint costs nothing."""
    filtering.filters(a("p1"))
    assert filtering.again() == 0


def test_a_driver_of_an_old_epoch_writes_nothing(filtering: LocalFilter):
    """It wakes up when another one works."""
    filtering.filters(a("p1"))
    filtering.driver()
    with pytest.raises(Fenced):
        filtering.filters(a("p2"))
    assert filtering.changes() == [("p1", Change.ALLOWED)]


def test_without_the_list_nothing_is_written(
    desk: BanDesk, filtering: LocalFilter, monkeypatch: pytest.MonkeyPatch
):
    """There is no last known list."""
    filtering.filters(a("p1"))

    def away(_connection: object) -> None:
        raise psycopg.OperationalError("the connection is closed")

    monkeypatch.setattr(module, "fetch_moment", away)
    monkeypatch.setattr(topics_batch, "RETRY_SECONDS", 0.0)
    with pytest.raises(psycopg.OperationalError):
        filtering.filters(a("p2"))
    assert filtering.changes() == [("p1", Change.ALLOWED)]


def test_what_is_no_product_becomes_a_dead_letter_and_the_rest_passes(
    desk: BanDesk, filtering: LocalFilter
):
    """Also what only the judge of single messages understands, banned or not."""
    desk.ban(product("12"))
    odd = (b"11", message(product_id=11)), (b"12", message(product_id=12))
    written = filtering.filters((b"x", b"{no json"), *odd, a("p1"), (b"p2", None))
    assert sorted(written) == [
        ("11", Change.ALLOWED),
        ("12", Change.BLOCKED),
        ("p1", Change.ALLOWED),
        ("p2", Change.DELETED),
    ]
    letters = desk.rows('select "offset", reason from ops.dead_letter order by 1')
    assert letters == [(0, "not_json")]
    assert [record.key for record in filtering.log.of("shop-products.dlq")] == [b"x"]


def test_the_shops_topic_is_a_setting_and_a_declared_one_stays(filtering: LocalFilter):
    """A company's topic has the name that the company gave it."""
    driver = filtering.batch._driver
    settings = driver.file.settings.model_copy(update={"market_products_topic": "theirs"})
    elsewhere = replace(driver, file=replace(driver.file, settings=settings))
    assert declared(elsewhere).topic == "theirs"
    own = replace(elsewhere.file, spec=filtering.spec.model_copy(update={"topic": "own"}))
    assert declared(replace(elsewhere, file=own)).topic == "own"
