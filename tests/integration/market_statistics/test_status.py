"""`weir market status`: every connection, and what each of them says."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tests.support.stores import nowhere
from weir.cli import market_status
from weir.errors import Unavailable
from weir.market import status as module
from weir.ops.lease import Pg
from weir.ops.master import MasterState
from weir.settings import Settings

pytestmark = pytest.mark.platform


def away(*_: Any, **__: Any) -> Any:
    raise Unavailable("nobody answers")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Kafka, Spark and the archive as they answer; a test changes what it is about."""
    alive = MasterState(status="ALIVE", alive_workers=1, drivers={}, apps=())
    archive = SimpleNamespace(state="current", last=None)
    for name, answer in (
        ("kept_in", lambda *_: 5),
        ("fetch_master", lambda *_: alive),
        ("fetch_status", lambda *_, **__: archive),
        ("fetch_streams", lambda *_: []),
    ):
        monkeypatch.setattr(module, name, answer)
    return SimpleNamespace(archive=archive)


def states(found: module.MarketStatus) -> dict[str, bool]:
    return {check.name: check.works for check in found.checks}


def test_everything_is_counted_in_one_look(own: Settings, pg: Pg, world):
    """Bans, products by state, topics."""
    pg.execute("truncate market.ban, market.product")
    pg.execute(
        "insert into market.ban (kind, value, reason, banned_by, valid_from, started, version)"
        " values ('sku', 'S', 'recalled', 'test', now(), true, 1)"
    )
    found = module.fetch_market_status(own)
    assert found.works
    assert (found.counts["live_bans"], found.counts["listed"]) == (1, 0)
    assert [topic.topic for topic in found.topics] == [
        "shop-products",
        "market-bans",
        "filtered-products",
        "filtered-events",
        "client-searches",
        "client-recommendations",
        "recommendations-results",
    ]


@pytest.mark.parametrize(("part", "name"), [("kept_in", "kafka"), ("fetch_master", "spark")])
def test_a_service_that_is_away_is_named_and_the_rest_is_still_asked(
    own, pg, world, monkeypatch, part: str, name: str
):
    """A status that dies of the first trouble hides the second."""
    monkeypatch.setattr(module, part, away)
    found = module.fetch_market_status(own)
    assert states(found) == {
        check: check != name for check in ("postgresql", "kafka", "spark", "streams", "archive")
    }
    with pytest.raises(Unavailable, match=f"{name}: nobody answers"):
        module.refuse_trouble(found)


def test_without_postgresql_kafka_is_still_asked(own: Settings, world, tmp_path: Path):
    """And the counts are empty, not zero."""
    found = module.fetch_market_status(nowhere(own, tmp_path))
    assert states(found)["postgresql"] is False
    assert states(found)["kafka"] is True
    assert found.counts == {}


def test_an_archive_whose_last_run_failed_does_not_work(own: Settings, pg: Pg, world):
    """Nobody looks into the archive until it is needed."""
    world.archive.state = "failed"
    world.archive.last = SimpleNamespace(error="disk full")
    found = module.fetch_market_status(own)
    assert [check.says for check in found.checks if not check.works] == [
        "its last run failed: disk full"
    ]


def test_the_shell_says_it_in_words_and_in_json(own: Settings, pg: Pg, monkeypatch):
    """The same facts, for both kinds of reader."""
    check = module.Check(name="kafka", works=True, says="7 topics")
    lag = {"observed": "running", "health": "healthy", "lag_messages": 13, "lag_seconds": 22.431}
    stream = {"stream": "market_banned_filter", **lag}
    found = module.MarketStatus(checks=[check], counts={"live_bans": 3}, streams=[stream])
    monkeypatch.setattr(module, "fetch_market_status", lambda _: found)
    app = typer.Typer()
    app.callback()(lambda: None)
    market_status.register(app)
    said = CliRunner().invoke(app, ["status"], catch_exceptions=False).output
    assert "7 topics" in said
    assert "live bans" in said
    assert "22 s" in said
    told = CliRunner().invoke(app, ["status", "--json"], catch_exceptions=False).output
    assert json.loads(told)["works"] is True
