"""Runs of the archive, what they note, and what is exported."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from tests.support.filter_in_memory import NOON_MS, FilterInMemory
from weir.cli import market_archive
from weir.errors import SettingError, Unavailable
from weir.market import archive as module
from weir.market.archive import alone, archive, folder_of
from weir.market.archive_manifest import Gap, load
from weir.market.archive_status import LastRun, fetch_status, judge
from weir.market.filtered import EVENTS, PRODUCTS, Change
from weir.ops.lease import Pg
from weir.settings import Settings

pytestmark = pytest.mark.platform


@pytest.fixture
def here(own: Settings, pg: Pg, tmp_path: Path) -> Settings:
    """The database, and a data folder without an archive."""
    return own.model_copy(update={"home": tmp_path})


@pytest.fixture
def filter_(monkeypatch: pytest.MonkeyPatch) -> FilterInMemory:
    said = FilterInMemory()
    said.stand_in(monkeypatch, "weir.market.archive", "weir.market.archive_status")
    for source in range(3):
        said.say(Change.ALLOWED, f"p{source}", source)
    said.say(Change.BLOCKED, "p3", 3)
    return said


def run(here: Settings, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    app = typer.Typer()
    market_archive.register(app)
    monkeypatch.setattr(market_archive, "load_settings", lambda: here)
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_run_goes_on_where_the_last_one_ended(here: Settings, filter_: FilterInMemory):
    """Each message is archived by exactly one run, however often it is started."""
    assert archive(here).rows == 4
    assert archive(here).rows == 0
    filter_.say(Change.RETRACTED, "p1", 1, ban_version=2)
    assert archive(here).rows == 1
    assert load(folder_of(here)).next == {PRODUCTS: {0: 3}, EVENTS: {0: 2}}


def test_a_run_of_an_hour_leaves_what_came_later(here: Settings, filter_: FilterInMemory):
    """A backfill of an old hour must not take what belongs to a later one."""
    filter_.say(Change.ALLOWED, "late", 9, at_ms=NOON_MS + 60_000)
    assert archive(here, until_ms=NOON_MS + 60_000).rows == 4
    assert archive(here).rows == 1


def test_many_messages_are_archived_in_steps(here: Settings, filter_, monkeypatch):
    """A day that was missed must fit into memory."""
    monkeypatch.setattr(module, "MESSAGES", 2)
    done = archive(here)
    assert (done.rows, done.files) == (4, 3)


def test_what_kafka_deleted_before_it_was_archived_is_a_gap_for_ever(
    here: Settings, filter_: FilterInMemory
):
    """An archive that looks complete and is not would be worse than none."""
    archive(here)
    for source in range(10, 15):
        filter_.say(Change.ALLOWED, "p1", source)
    filter_.deleted[PRODUCTS] = 6
    assert archive(here).gaps == 1
    filter_.deleted[PRODUCTS] = 7
    archive(here)
    assert load(folder_of(here)).gaps == (Gap(topic=PRODUCTS, partition=0, start=3, end=6),)


def test_a_failed_run_is_noted_until_one_succeeds(here: Settings, pg: Pg, filter_, monkeypatch):
    """`weir market archive status` must say why nothing moves."""

    def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("Kafka does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(module, "end_offsets", away)
        with pytest.raises(Unavailable):
            archive(here)
    status = fetch_status(here, pg)
    assert (status.state, status.last and status.last.error) == ("failed", "Kafka does not answer")
    archive(here)
    status = fetch_status(here, pg)
    assert (status.state, status.last and status.last.error) == ("current", None)


def test_two_runs_never_write_at_once(here: Settings, filter_: FilterInMemory):
    """Two manifests would forget each other's files."""
    with alone(folder_of(here)), pytest.raises(Unavailable, match="another run is at work"):
        archive(here)


@pytest.mark.parametrize(
    ("ended", "success", "waiting", "state"),
    [
        (True, 60.0, 5, "current"),
        (True, 9000.0, 5, "behind"),
        (True, 9000.0, 0, "current"),
        (True, None, 5, "behind"),
        (False, 60.0, 5, "running"),
    ],
)
def test_an_archive_is_behind_when_something_waits_for_two_hours(ended, success, waiting, state):
    """What came in the hour that is not over is no delay."""
    moment: Any = "then"
    last = LastRun(
        began_at=moment,
        ended_at=moment if ended else None,
        succeeded_at=moment,
        seconds_since_success=success,
        error=None,
        error_at=None,
    )
    assert judge(last, waiting, 1) == state


def test_the_status_says_what_is_there_and_what_waits(here: Settings, filter_, monkeypatch):
    """In one look."""
    archive(here)
    filter_.say(Change.ALLOWED, "p9", 9)
    filter_.say(Change.ALLOWED, "p9", 9)
    found = json.loads(run(here, monkeypatch, "archive", "status", "--json"))
    products, events = found["datasets"]
    assert found["state"] == "current"
    assert (products["rows"], products["files"], products["waiting"]) == (3, 1, 2)
    assert (products["offsets"], events["offsets"]) == ({"0": 2}, {"0": 0})
    assert products["first_date"] == products["last_date"] == "2027-01-15"
    assert "products" in run(here, monkeypatch, "archive", "status")
    said = json.loads(run(here, monkeypatch, "archive", "run", "--json"))
    assert (said["rows"], said["doubles"]) == (1, 1)


@pytest.fixture
def catalogue(pg: Pg) -> Pg:
    pg.execute("truncate market.product, market.ban")
    for product, state in (("a", "listed"), ("b", "listed"), ("c", "blocked")):
        pg.execute(
            "insert into market.product (product_id, state, sku, shop, name, category, price,"
            " currency, tags, attributes, payload, updated_at, src_partition, src_offset,"
            " ban_version, epoch) values (%s, %s, %s, 'Север', 'Часы, умные', 'Электроника', 99.90,"
            " 'RUB', '{новое}', '{\"цвет\": \"белый\"}', '{}', '2027-01-15T08:00Z', 0, 1, 0, 1)",
            [product, state, f"SKU-{product}"],
        )
    pg.execute(
        "insert into market.ban (kind, value, reason, banned_by, valid_from, started, version)"
        " values ('sku', 'SKU-b', 'recalled', 'test', now(), true, 1)"
    )
    return pg


def test_the_catalogue_is_exported_without_what_is_banned_now(here, catalogue, monkeypatch):
    """No stream needs to have heard of the ban."""
    (line,) = run(here, monkeypatch, "export").splitlines()
    product = json.loads(line)
    assert (product["product_id"], product["price"]) == ("a", "99.90")
    assert (product["tags"], product["attributes"]) == (["новое"], {"цвет": "белый"})
    header, row = csv.reader(run(here, monkeypatch, "export", "--format", "csv").splitlines())
    assert dict(zip(header, row, strict=True))["name"] == "Часы, умные"


def test_parquet_is_written_complete_or_not_at_all(here, catalogue, monkeypatch, tmp_path: Path):
    """A reader must not meet half a file."""
    file = tmp_path / "catalogue.parquet"
    run(here, monkeypatch, "export", "--format", "parquet", "--out", str(file))
    (row,) = pq.read_table(file).to_pylist()
    assert (row["product_id"], row["attributes"]) == ("a", '{"цвет": "белый"}')
    assert list(tmp_path.glob(".catalogue*")) == []
    with pytest.raises(SettingError, match="cannot be printed"):
        run(here, monkeypatch, "export", "--format", "parquet")


def test_the_archive_is_exported_by_day(here: Settings, filter_: FilterInMemory, monkeypatch):
    """The history for somebody else's analysis."""
    archive(here)
    lines = run(here, monkeypatch, "export", "--what", "events").splitlines()
    assert [json.loads(line)["change"] for line in lines] == ["blocked"]
    of_day = ["export", "--what", "products", "--date"]
    assert len(run(here, monkeypatch, *of_day, "2027-01-15").splitlines()) == 3
    assert run(here, monkeypatch, *of_day, "2027-01-16") == ""
