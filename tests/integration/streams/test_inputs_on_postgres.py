"""Which topic a query reads, remembered beside its offsets; on a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spark_jobs.lib.begin import begin as begin_query
from spark_jobs.lib.control import Control
from tests.support.letters import letter
from tests.support.stream_rows import STREAM, take
from weir.errors import ContractError, SettingError
from weir.kafka.dead_letters import store
from weir.kafka.identity import TopicIdentity
from weir.ops import lease, ledger
from weir.ops.audit import fetch_deeds
from weir.ops.inputs import NO_TOPIC_ID, Beginning, begin_input, order_new_input
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform

PLACE = ledger.Place(stream=STREAM, query="q", topic="news")
OLD = TopicIdentity("cluster", "old")
NEW = TopicIdentity("cluster", "new")


@pytest.fixture(autouse=True)
def epoch(pg: lease.Pg) -> int:
    """A driver over empty tables."""
    for table in ("query_offset", "query_input", "batch_attempt", "dead_letter"):
        pg.execute(f"delete from ops.{table}")  # type: ignore[arg-type]
    return take(pg)


def begin(pg: lease.Pg, here: TopicIdentity, first: int, place: ledger.Place = PLACE) -> Beginning:
    return begin_input(pg, place, lease.fetch_lease(pg, STREAM).epoch, here, {0: first})


def test_a_query_goes_on_where_it_stands_in_the_same_topic(pg: lease.Pg) -> None:
    """Also one that ran before anybody remembered which topic it was."""
    ledger.begin_offsets(pg, PLACE, {0: 7})
    assert begin(pg, OLD, 0) == Beginning(stands={0: 7}, incarnation="")
    ledger.move_offsets(pg, PLACE, {0: 9})
    assert begin(pg, OLD, 0).stands == {0: 9}


def test_another_topic_of_the_name_is_refused_and_nothing_is_changed(pg: lease.Pg) -> None:
    """Its first messages would be skipped in silence."""
    begin(pg, OLD, 3)
    with pytest.raises(ContractError, match="it was made anew"):
        begin(pg, NEW, 0)
    assert ledger.fetch_offsets(pg, PLACE) == {0: 3}
    assert begin(pg, OLD, 0).stands == {0: 3}


def test_by_order_another_topic_is_begun_at_its_first_message_once(pg: lease.Pg) -> None:
    """The order is for the next start; a topic that changes later waits for another one."""
    begin(pg, OLD, 3)
    order_new_input(pg, STREAM, who="me", via="cli")
    assert begin(pg, NEW, 1) == Beginning(stands={0: 1}, incarnation="new")
    assert [deed.action for deed in fetch_deeds(pg, STREAM)][:2] == ["begin_input", "new_input"]
    with pytest.raises(ContractError):
        begin(pg, OLD, 0)


def test_an_order_that_was_not_needed_is_forgotten(pg: lease.Pg) -> None:
    """Else it would let the next change pass in silence, years later."""
    begin(pg, OLD, 3)
    order_new_input(pg, STREAM, who="me", via="cli")
    begin(pg, OLD, 3)
    with pytest.raises(ContractError):
        begin(pg, NEW, 0)


def test_a_stream_that_has_read_nothing_takes_no_order(pg: lease.Pg) -> None:
    """A slip in the name would be seen too late."""
    with pytest.raises(SettingError, match="has read nothing yet"):
        order_new_input(pg, STREAM, who="me", via="cli")


def test_a_driver_of_an_old_epoch_begins_nothing(pg: lease.Pg, epoch: int) -> None:
    """It wakes up after its successor has begun to count."""
    begin(pg, OLD, 3)
    order_new_input(pg, STREAM, who="me", via="cli")
    take(pg, token="other")
    with pytest.raises(lease.Fenced):
        begin_input(pg, PLACE, epoch, NEW, {0: 0})
    assert ledger.fetch_offsets(pg, PLACE) == {0: 3}


def test_letters_of_the_new_topic_are_not_taken_for_those_of_the_old_one(pg: lease.Pg) -> None:
    """Both have a message at the same place."""
    old = letter("news", 5, incarnation=begin(pg, OLD, 0).incarnation)
    order_new_input(pg, STREAM, who="me", via="cli")
    new = letter("news", 5, incarnation=begin(pg, NEW, 0).incarnation)
    assert store(pg, [old, new]) == 2
    assert (old.dedupe_key, new.dedupe_key) == ("news/0/5", "news/0/5@new")


def test_every_query_of_a_topic_knows_its_letters_by_the_same_key(pg: lease.Pg) -> None:
    """One that first reads the topic after it was made anew, too."""
    begin(pg, OLD, 0)
    assert begin(pg, NEW, 0, replace(PLACE, query="later")).incarnation == "new"


def test_a_topic_of_an_old_broker_is_known_by_its_cluster(pg: lease.Pg) -> None:
    """Brokers before topic ids answer the same id for every topic."""
    begin(pg, TopicIdentity("one", NO_TOPIC_ID), 0)
    order_new_input(pg, STREAM, who="me", via="cli")
    assert begin(pg, TopicIdentity("two", NO_TOPIC_ID), 0).incarnation == "two"


def test_a_driver_plans_anew_in_the_new_topic(
    own: Settings, pg: lease.Pg, epoch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had planned of the old topic may have the same offsets."""
    folder = tmp_path / "q"
    folder.mkdir()
    here = OLD
    monkeypatch.setattr("spark_jobs.lib.begin.fetch_identity", lambda *_: here)
    monkeypatch.setattr("spark_jobs.lib.begin.first_offsets", lambda *_: {0: 0})
    driver: Any = SimpleNamespace(
        file=SimpleNamespace(stream=STREAM, checkpoints=tmp_path),
        epoch=epoch,
        control=Control(),
        connect=lambda: connect(own.dsn_file, application_name="test"),
    )
    begin_query(driver, "q", "news", own)
    order_new_input(pg, STREAM, who="me", via="cli")
    begin_query(driver, "q", "news", own)
    assert folder.exists()
    order_new_input(pg, STREAM, who="me", via="cli")
    here = NEW
    assert begin_query(driver, "q", "news", own).incarnation == "new"
    assert [found.name[:8] for found in tmp_path.iterdir()] == ["q.aside-"]
