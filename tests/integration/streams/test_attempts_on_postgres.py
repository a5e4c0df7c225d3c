"""Trials, poison and quarantine on a real PostgreSQL; messages and Kafka are in memory."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any

import pytest

from spark_jobs.lib.attempts import StoredTrials
from spark_jobs.lib.control import Control
from spark_jobs.lib.guard import DIED, Guard
from spark_jobs.lib.quarantine import MAX_AN_HOUR, Quarantine
from spark_jobs.lib.slices import Slice
from tests.support.letters import letter
from tests.support.stream_rows import STREAM, take
from weir.errors import ContractError
from weir.kafka.dead_letter_queries import list_letters, show_letter
from weir.kafka.dead_letters import store
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.kafka.record import Message
from weir.ops import lease, ledger, redrive_ledger
from weir.ops.audit import fetch_deeds
from weir.ops.breaker import RestartLimit, fetch_restarts
from weir.ops.trials import fetch_trials
from weir.serving.metric_names import Metric
from weir.serving.metric_reads import fetch_samples
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform
QUERY = "q"
SIZE = 100
PLACES = {topic: ledger.Place(stream=STREAM, query=QUERY, topic=topic) for topic in ("a", "b")}


class Death(BaseException):
    """kill -9, as far as Python code can tell."""


@dataclass
class World:
    """Two topics of one partition with SIZE messages each, one query, and its lives."""

    settings: Settings
    pg: lease.Pg
    poison: dict[tuple[str, int], BaseException]
    log: MemoryLog = field(default_factory=MemoryLog)
    done: list[tuple[str, int]] = field(default_factory=list)
    trials_seen: list[tuple[Any, ...] | None] = field(default_factory=list)
    empty_places: bool = False
    deaths_are_real: bool = False

    def ledger(self) -> dict[str, dict[int, int]]:
        return {t: ledger.fetch_offsets(self.pg, place) for t, place in PLACES.items()}

    def trial(self) -> tuple[Any, ...] | None:
        return self.pg.execute(
            "select attempts, bisecting, last_error, epoch, begins from ops.batch_attempt"
        ).fetchone()

    def driver(self, epoch: int) -> Any:
        return SimpleNamespace(
            file=SimpleNamespace(spec=SimpleNamespace(name=STREAM)),
            epoch=epoch,
            control=Control(),
            connect=lambda: connect(self.settings.dsn_file, application_name=f"test:{epoch}"),
        )

    def guard(self, epoch: int) -> Guard:
        driver = self.driver(epoch)
        quarantine = Quarantine(
            driver, QUERY, read_range=self.read, publisher=lambda: MemoryPublisher(self.log)
        )
        return Guard(StoredTrials(driver, QUERY, quarantine), lambda: None)

    def live(self) -> BaseException | None:
        """A driver takes the lease and works until all is done or it dies; what ended it."""
        epoch = take(self.pg)
        ends = {topic: {0: SIZE} for topic in PLACES}
        batch = Slice(batch_id=1, begins=self.ledger(), ends=ends)
        try:
            self.guard(epoch).run(batch, lambda piece: self.process(piece, epoch))
        except (Exception, Death) as error:  # noqa: BLE001 - whatever ended it is the answer
            return error
        return None

    def process(self, piece: Slice, epoch: int) -> None:
        self.trials_seen.append(self.trial())
        with self.pg.transaction():
            places = []
            for topic, place in PLACES.items():
                begins, ends = piece.begins[topic], piece.ends[topic]
                ledger.judge_range(ledger.fetch_offsets(self.pg, place), begins, ends)
                places += [(topic, offset) for offset in range(begins[0], ends[0])]
                for bad in self.poison.keys() & set(places):
                    if self.deaths_are_real:
                        os.kill(os.getpid(), signal.SIGKILL)
                    raise self.poison[bad]
                ledger.move_offsets(self.pg, place, ends)
            lease.hold(self.pg, STREAM, epoch)
        self.done += places

    def read(
        self, topic: str, start: Mapping[int, int], end: Mapping[int, int]
    ) -> Iterator[Message]:
        assert (start.keys(), end) == ({0}, {0: start[0] + 1})
        if not self.empty_places:
            yield Message(topic, 0, start[0], b"k", b"v%d" % start[0], (("h", b"1"),), 5)


@pytest.fixture
def world(own: Settings, pg: lease.Pg) -> World:
    for table in ("query_offset", "batch_attempt", "redrive", "dead_letter", "stream_start"):
        pg.execute(f"delete from ops.{table}")  # type: ignore[arg-type]
    for place in PLACES.values():
        ledger.begin_offsets(pg, place, {0: 0})
    return World(own, pg, {})


def all_but(*bad: tuple[str, int]) -> set[tuple[str, int]]:
    return {(topic, offset) for topic in PLACES for offset in range(SIZE)} - set(bad)


def test_a_trial_is_written_before_it_begins(world: World) -> None:
    """A driver that is gone can write nothing afterwards."""
    assert world.live() is None
    assert world.trials_seen == [(1, False, None, 1, {"a": {"0": 0}, "b": {"0": 0}})]
    assert set(world.done) == all_but()


def test_a_poison_message_becomes_a_dead_letter_and_the_others_are_done_once(
    world: World,
) -> None:
    """Both ways to fail: an error that Python sees, and the death of the driver."""
    world.poison = {("a", 42): ValueError("odd \0 one"), ("b", 7): Death()}
    lives = 1
    while world.live() is not None:
        lives += 1
        assert lives < 12
    assert sorted(world.done) == sorted(all_but(("a", 42), ("b", 7)))
    assert world.ledger() == {"a": {0: SIZE}, "b": {0: SIZE}}
    reasons = {each.dedupe_key: each.reason for each in list_letters(world.pg)}
    assert reasons == {
        "a/0/42": "quarantined: ValueError: odd \\x00 one",
        "b/0/7": f"quarantined: {DIED}",
    }
    kept = show_letter(world.pg, "a/0/42")
    assert (kept.refused_by, kept.key, kept.value) == (f"{STREAM}.{QUERY}", b"k", b"v42")
    assert kept.attempts == 3
    assert [record.value for record in world.log.of("a.dlq")] == [b"v42"]
    (deed, _) = fetch_deeds(world.pg, STREAM)
    assert (deed.action, deed.details["dead_letter"]) == ("dlq.quarantine", "b/0/7")


def live_once(settings: Settings) -> None:
    """One driver, in a process of its own; the kernel kills it when it meets the message."""
    with connect(settings.dsn_file, application_name="test") as pg:
        ended = World(settings, pg, {("b", 7): Death()}, deaths_are_real=True).live()
    os._exit(0 if ended is None else 1)


def test_kill_9_in_the_middle_of_a_trial_counts_as_its_failure(world: World) -> None:
    """No handler runs, so what was written before is all that the next driver knows."""
    ends: list[int | None] = []
    while 0 not in ends:
        life = get_context("fork").Process(target=live_once, args=(world.settings,))
        life.start()
        life.join(60)
        ends.append(life.exitcode)
        assert len(ends) < 12
    # Three times whole, once in a part of 13, three times alone.
    assert ends == [-signal.SIGKILL] * 7 + [0]
    assert world.ledger() == {"a": {0: SIZE}, "b": {0: SIZE}}
    (kept,) = list_letters(world.pg)
    assert (kept.dedupe_key, kept.reason) == ("b/0/7", f"quarantined: {DIED}")


def test_a_person_sees_what_is_tried_again_until_it_is_over(world: World) -> None:
    """`weir streams show` of a stream that stands still."""
    world.poison = {("a", 42): ValueError("odd")}
    world.live()
    (trial,) = fetch_trials(world.pg, STREAM)
    assert (trial.query, trial.attempts, trial.last_error) == (QUERY, 1, "ValueError: odd")
    assert trial.is_trouble
    world.poison.clear()
    world.live()
    assert fetch_trials(world.pg, STREAM) == []


def test_quarantined_messages_are_measured_until_they_are_sent_again(world: World) -> None:
    """The alert must end with the repair."""
    world.poison = {("a", 42): ValueError("odd")}
    store(world.pg, [letter("a", 999, refused_by="counts.q")])

    def measured() -> list[float]:
        found = fetch_samples(world.pg)
        return [each.value for each in found if each.metric is Metric.QUARANTINED]

    assert measured() == [0]
    for _ in range(3):
        world.live()
    assert measured() == [1]
    redrive_ledger.seal(world.pg, "again", ["a/0/42"], asked_by="test", via="cli")
    assert measured() == [0]


def test_the_restart_breaker_begins_anew_each_time_the_part_is_smaller(world: World) -> None:
    """Else it would park the stream before the poison is found."""
    world.poison = {("a", 42): Death()}
    restarts = []
    while world.live() is not None:
        limit = RestartLimit(max=5, within_minutes=10)
        restarts.append(fetch_restarts(world.pg, STREAM, limit))
    assert max(restarts) < 5
    assert len(restarts) > 5


def test_a_zombie_does_not_overwrite_the_trial_of_its_successor(world: World) -> None:
    """It would send the successor back to the beginning."""
    old = take(world.pg)
    zombie = world.guard(old)
    world.poison = {("a", 0): ValueError("odd")}
    assert isinstance(world.live(), ValueError)
    batch = Slice(batch_id=1, begins=world.ledger(), ends={"a": {0: 1}, "b": {0: 0}})
    with pytest.raises(lease.Fenced):
        zombie.run(batch, lambda _: pytest.fail("it must not even try"))
    assert world.trial() is not None
    assert (world.trial() or ())[3] == old + 1


@pytest.mark.parametrize("moment", ["before it looks", "after it has looked"])
def test_a_zombie_quarantines_nothing(world: World, moment: str) -> None:
    """Whether the message is poison is the successor's matter."""
    driver = world.driver(take(world.pg))

    def publisher() -> MemoryPublisher:
        if moment == "after it has looked":
            with connect(world.settings.dsn_file, application_name="test") as other:
                take(other)
        return MemoryPublisher(world.log)

    quarantine = Quarantine(driver, QUERY, read_range=world.read, publisher=publisher)
    if moment == "before it looks":
        take(world.pg)
    piece = Slice(batch_id=1, begins=world.ledger(), ends={"a": {0: 1}, "b": {0: 0}})
    with pytest.raises(lease.Fenced):
        quarantine(world.pg, piece, error="odd", attempts=3)
    assert list_letters(world.pg) == []
    assert world.ledger()["a"] == {0: 0}


def test_too_many_poison_messages_stop_the_stream(world: World) -> None:
    """A broken deployment fails on every message; a person must look."""
    old = [
        letter("a", n, reason="quarantined: x", refused_by="counts.q")
        for n in range(1000, 1000 + MAX_AN_HOUR - 1)
    ]
    store(world.pg, [*old, letter("a", 2000, reason="missing", refused_by="counts.q")])
    world.poison = {("a", n): ValueError("odd") for n in (3, 5)}
    ends = [world.live() for _ in range(3)]
    assert isinstance(ends[-1], ContractError)
    assert ("a", 4) in world.done
    assert ("a", 6) not in world.done
    assert world.ledger()["a"] == {0: 5}


def test_a_place_without_a_message_is_no_poison(world: World) -> None:
    """Control records take offsets; there is nothing to keep, so something else is wrong."""
    world.poison = {("a", 3): ValueError("odd")}
    world.empty_places = True
    ends = [world.live() for _ in range(3)]
    assert isinstance(ends[-1], ContractError)
    assert world.ledger()["a"] == {0: 3}


def test_a_lost_connection_costs_no_trial(world: World) -> None:
    """PostgreSQL restarts while a stream waits for its next batch."""
    epoch = take(world.pg)
    guard = world.guard(epoch)
    for end in (10, 20):
        ends = {"a": {0: end}, "b": {0: 0}}
        batch = Slice(batch_id=end, begins=world.ledger(), ends=ends)
        guard.run(batch, lambda piece: world.process(piece, epoch))
        world.pg.execute(
            "select pg_terminate_backend(pid, 2000) from pg_stat_activity"
            " where application_name = %s",
            [f"test:{epoch}"],
        )
    assert world.ledger()["a"] == {0: 20}
    assert [seen and seen[0] for seen in world.trials_seen] == [1, 1]
