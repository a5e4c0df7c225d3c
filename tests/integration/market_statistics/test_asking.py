"""The statistics on the shell and over HTTP."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from tests.support.market_facts import NOON, fact, facts
from tests.support.stores import nowhere
from weir.cli import market_stats
from weir.cli.market_stats import By
from weir.errors import Unavailable
from weir.market import statistics_store as store
from weir.market.count_once import take_new
from weir.market.statistics import Level
from weir.ops.lease import Pg
from weir.serving.market_statistics import add_market_statistics
from weir.settings import Settings

pytestmark = pytest.mark.platform
COLUMNS = (
    "key,currency,window_start,products,received,allowed,blocked,deleted,retracted,readmitted,"
    "price_min,price_avg,price_max,banned_now"
)


@pytest.fixture
def counted(pg: Pg) -> Pg:
    pg.execute("truncate market.ban")
    with pg.transaction():
        rows = [fact(f"p{n}", n, price=f"{n}00.00") for n in (1, 2)]
        rows.append(fact("p3", 3, "blocked", category="Спорт", minute=NOON + 3600))
        store.add(pg, take_new(pg, facts(*rows)))
    return pg


def client(settings: Settings) -> Iterator[TestClient]:
    app = FastAPI()
    add_market_statistics(app, settings.dsn_file)

    @app.exception_handler(Unavailable)
    def away(_: Request, error: Unavailable) -> JSONResponse:
        return JSONResponse({"what": error.what}, 503)

    return TestClient(app)


def run(own: Settings, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    import typer

    app = typer.Typer()
    app.callback()(lambda: None)
    market_stats.register(app)
    monkeypatch.setattr(market_stats, "load_settings", lambda: own)
    done = CliRunner().invoke(app, ["stats", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_shell_and_the_api_say_the_same(counted: Pg, own: Settings, monkeypatch):
    """Two doors to one question."""
    said = json.loads(run(own, monkeypatch, "--by", "category", "--json"))
    served = client(own).get("/market/statistics?by=category").json()
    assert said["rows"] == served["rows"]
    assert [(row["key"], row["allowed"], row["price_avg"]) for row in served["rows"]] == [
        ("Электроника", 2, "150.00"),
        ("Спорт", 0, None),
    ]


def test_csv_has_a_line_per_row_and_exact_prices(counted: Pg, own: Settings, monkeypatch):
    """For a spreadsheet."""
    text = run(own, monkeypatch, "--by", "category", "--format", "csv")
    assert text.splitlines()[0] == COLUMNS
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["key"], row["blocked"], row["price_max"]) for row in rows] == [
        ("Электроника", "0", "200.00"),
        ("Спорт", "1", ""),
    ]


def test_the_table_has_no_column_in_which_there_is_nothing(counted: Pg, own, monkeypatch):
    """Zeros hide what matters."""
    text = run(own, monkeypatch, "--by", "shop", "--each", "1h")
    assert "blocked" in text
    assert "retracted" not in text
    assert "last counted: never" in text


def test_a_window_that_is_none_is_refused_in_words(own: Settings):
    """Not with an error of ours."""
    answer = client(own).get("/market/statistics?window=soon")
    assert answer.status_code == 422
    assert "'soon' is no window" in answer.text


def test_without_postgresql_there_are_no_statistics(own: Settings, tmp_path: Path):
    """Old figures could show what is banned."""
    answer = client(nowhere(own, tmp_path)).get("/market/statistics")
    assert answer.status_code == 503
    assert answer.json()["what"].startswith("PostgreSQL does not answer")


def test_the_shell_offers_every_level():
    """The command line does not import the library to show its help."""
    assert [level.value for level in Level] == [by.value for by in By]
