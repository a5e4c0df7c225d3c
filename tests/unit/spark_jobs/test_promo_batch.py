"""What a driver of promo does before its query begins, and which batch is published."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spark_jobs.lib import wait_for_kafka
from spark_jobs.lib.control import Control, StopRequested
from spark_jobs.promo_join import main, refusals
from spark_jobs.promo_join.batch import PromoBatch
from weir.errors import PublishError, Unavailable
from weir.kafka.record import Message
from weir.ops.inputs import Beginning
from weir.settings import Settings


class Publisher:
    """Takes its first step once; fails with `failure` if there is one."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.started = 0

    def start(self, connection: Any) -> int:
        self.started += 1
        if self.failure is not None:
            raise self.failure
        return 3


def batch_of(publishers: list[Publisher], folder: Path) -> PromoBatch:
    """A batch function whose driver opens these publishers, one after the other."""
    settings = Settings(_env_file=None, home=folder)
    spec = SimpleNamespace(name="promo_join")
    file = SimpleNamespace(spec=spec, settings=settings, stream="promo_join")
    driver: Any = SimpleNamespace(file=file, epoch=1, control=Control(), connect=lambda: None)
    batch = PromoBatch(driver, folder, (), {}, lambda: publishers.pop(0))  # type: ignore[arg-type, return-value]
    batch.connection = lambda: None  # type: ignore[method-assign, assignment, return-value]
    return batch


def test_while_kafka_is_away_each_try_has_a_publisher_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library lets a producer begin its transactions only once: a second try would hang."""
    monkeypatch.setattr(wait_for_kafka, "WAIT_SECONDS", 0)
    publishers = [Publisher(Unavailable("away")), Publisher(Unavailable("away")), Publisher()]
    opened = list(publishers)
    assert batch_of(publishers, tmp_path).catch_up() == 3
    assert [publisher.started for publisher in opened] == [1, 1, 1]


def test_what_kafka_may_have_committed_is_not_tried_again(tmp_path: Path) -> None:
    """Only the next process can tell."""
    publishers = [Publisher(PublishError("unknown")), Publisher()]
    with pytest.raises(PublishError):
        batch_of(publishers, tmp_path).catch_up()
    assert len(publishers) == 1


def test_after_a_stop_was_asked_for_no_batch_begins(tmp_path: Path) -> None:
    """Neither sealed nor published: the batch is planned again by the next driver."""
    batch = batch_of([], tmp_path)
    batch._driver.control.stop.set()
    with pytest.raises(StopRequested):
        batch(None, 0)  # type: ignore[arg-type]
    assert batch.failure is None


def test_letters_of_each_topic_carry_which_one_of_its_name_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A topic that was made anew has the same places once more."""
    settings = Settings(_env_file=None, home=tmp_path, promo_in_topic="menus")
    driver: Any = SimpleNamespace(file=SimpleNamespace(settings=settings))
    monkeypatch.setattr(
        main,
        "begin",
        lambda _, query, topic, there: Beginning(
            stands={0: 7}, incarnation="anew" if topic == "menus" else ""
        ),
    )
    inputs, stands = main.begin_inputs(driver)
    assert stands == {"menus": {0: 7}, "promo-wakeups": {0: 7}}
    monkeypatch.setattr(
        refusals,
        "read_range",
        lambda _, topic, start, end, probes: [
            Message(topic, 0, start[0], None, b"{", (), None),
        ],
    )
    refused = {("menus", 0, 8): "odd", ("promo-wakeups", 0, 9): "odd"}
    found = refusals.refused_letters(inputs, refused, "promo_join.join")
    assert [it.dedupe_key for it in found] == ["menus/0/8@anew", "promo-wakeups/0/9"]
