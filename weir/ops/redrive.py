"""Dead letters back into their topic, each at most once, whatever dies in the middle.

PostgreSQL decides, Kafka follows: a set of letters is sealed in one transaction, then published
in one Kafka transaction together with its number, in the compacted `<publisher>.progress`. A
start first settles what an earlier run left open: it reads that number and publishes what was
sealed after it. Only letters that were there when the run began are sent, so one that is refused
again is not sent again by the same run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog

from weir.clock import Monotonic, monotonic
from weir.errors import ContractError, SettingError
from weir.kafka.offsets import partitions_of
from weir.kafka.record import (
    BATCH_OVERHEAD_BYTES,
    HEADER_OVERHEAD_BYTES,
    RECORD_OVERHEAD_BYTES,
    size_in_bytes,
)
from weir.kafka.redrive_header import REDRIVE_HEADER
from weir.kafka.transactional import CursorPublisher, TransactionalPublisher
from weir.ops import redrive_ledger
from weir.ops.failpoint import arm, reach
from weir.ops.lease import Pg
from weir.ops.redrive_wish import MAX_LETTERS, Planned, Wish, plan, transactions
from weir.settings import Settings
from weir.store.postgres import connect

log = structlog.get_logger()
PUBLISHER: Final = "dlq_redrive"
PER_SECOND: Final = 500.0
"""A stream stops when it refuses most of a batch of over 1,000 messages: letters come slower."""

OWN_BYTES: Final = (
    BATCH_OVERHEAD_BYTES
    + RECORD_OVERHEAD_BYTES
    + HEADER_OVERHEAD_BYTES
    + len(f"{REDRIVE_HEADER}1000000 ")
)

WAYS_OUT: Final = (
    "look into the topics whether the newest letters were sent; then weir dlq redrive"
    " --assume-published {last}, or --republish-from {last} to send number {last} again"
)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a run did. recovered: of those, letters that an earlier run had decided and not sent.

    Left: too_large for their topic, without_topic where it does not exist.
    """

    letters: int
    recovered: int
    too_large: int
    without_topic: int


class Redrive:
    """One run, by one connection and one publisher."""

    def __init__(
        self,
        connection: Pg,
        publisher: CursorPublisher,
        *,
        asked_by: str,
        via: str,
        per_second: float = PER_SECOND,
        now: Monotonic = monotonic,
        wait: Callable[[float], object] | None = None,
        check_topic: Callable[[str], object],
    ) -> None:
        self._connection = connection
        self._publisher = publisher
        self._asked_by = asked_by
        self._via = via
        self._per_second = per_second
        self._now = now
        self._wait = wait or threading.Event().wait
        self._check_topic = check_topic
        self._absent: dict[str, SettingError | None] = {}
        self._began = now()
        self._letters = 0
        self._too_large: set[str] = set()
        self._without_topic: set[str] = set()

    def run(self, wish: Wish, limit: int | None = None) -> Sent:
        """Settle earlier runs, then send what the wish means.

        Raises ContractError when ledger and progress contradict each other; SettingError when the
        wish names a topic that does not exist; PublishError, after which the next run goes on.
        """
        began = self._connection.execute("select clock_timestamp()").fetchone()
        assert began is not None
        wish = replace(wish, until=wish.until or began[0])
        recovered = self._settle()
        letters = int(min(MAX_LETTERS, max(1.0, self._per_second)))
        for chunk in transactions(plan(self._connection, wish, limit), letters=letters):
            fitting = [letter.dedupe_key for letter in chunk if self._fits(letter, wish)]
            if not fitting:
                continue
            seq = redrive_ledger.seal(
                self._connection,
                self._publisher.name,
                fitting,
                asked_by=self._asked_by,
                via=self._via,
            )
            reach("redrive_sealed")
            if seq is not None:
                self._publish(seq)
        return Sent(
            letters=self._letters,
            recovered=recovered,
            too_large=len(self._too_large),
            without_topic=len(self._without_topic),
        )

    def assume(self, published: int) -> None:
        """A person says up to which number everything was sent; only where nothing else tells.

        Uses up the publisher: `run` needs another one. Raises SettingError when the progress is
        fine, or there is no such number.
        """
        redrive_ledger.lock_redrive(self._connection, self._publisher.name)
        cursor = self._publisher.start()
        last = redrive_ledger.last_sealed(self._connection, self._publisher.name)
        if cursor is not None and int(cursor["seq"]) <= last:
            raise SettingError(f"the progress is known: {cursor['seq']} of {last}", "leave it out")
        if not 0 <= published <= last:
            raise SettingError(f"there is no transaction {published}", f"the last is {last}")
        self._publisher.commit([], {"seq": published})

    def _settle(self) -> int:
        name = self._publisher.name
        redrive_ledger.lock_redrive(self._connection, name)
        cursor = self._publisher.start()
        last = redrive_ledger.last_sealed(self._connection, name)
        if cursor is None and not last:
            # So that from now on a missing progress is known to be lost.
            self._publisher.commit([], {"seq": 0})
            return 0
        published = None if cursor is None else int(cursor["seq"])
        if published is None or published > last:
            stands = "is empty" if published is None else f"stands at {published}"
            raise ContractError(
                f"{name}.progress {stands}, ops.redrive_batch at {last}",
                WAYS_OUT.format(last=last),
            )
        for seq in redrive_ledger.sealed_after(self._connection, name, published):
            log.warning("an earlier redrive ended in the middle", seq=seq)
            self._release_what_cannot_go(seq)
            self._publish(seq)
        return self._letters

    def _release_what_cannot_go(self, seq: int) -> None:
        """What was decided is sent, but one that no longer can be would block all later ones."""
        too_large, without_topic = [], []
        for dedupe_key, record in redrive_ledger.read_sealed(self._connection, seq):
            if not self._has_topic(record.topic):
                without_topic.append(dedupe_key)
            elif size_in_bytes(record) > self._publisher.limit_bytes(record.topic):
                too_large.append(dedupe_key)
        self._too_large.update(too_large)
        self._without_topic.update(without_topic)
        if too_large or without_topic:
            log.warning("released", seq=seq, too_large=too_large, without_topic=without_topic)
            redrive_ledger.release(
                self._connection,
                self._publisher.name,
                seq,
                too_large + without_topic,
                asked_by=self._asked_by,
                via=self._via,
            )

    def _publish(self, seq: int) -> None:
        records = [record for _, record in redrive_ledger.read_sealed(self._connection, seq)]
        self._publisher.commit(records, {"seq": seq})
        reach("redrive_published")
        self._letters += len(records)
        log.info("sent again", letters=len(records), seq=seq)
        ahead_seconds = self._letters / self._per_second - (self._now() - self._began)
        if ahead_seconds > 0:
            self._wait(ahead_seconds)

    def _fits(self, letter: Planned, wish: Wish) -> bool:
        """Whether its topic is there and takes it, which now has one header more."""
        if not self._has_topic(letter.topic, named=wish.topic == letter.topic):
            self._without_topic.add(letter.dedupe_key)
            return False
        size_bytes = letter.size_bytes + len(letter.dedupe_key.encode()) + OWN_BYTES
        if size_bytes > self._publisher.limit_bytes(letter.topic):
            log.warning("too large with its new header", letter=letter.dedupe_key)
            self._too_large.add(letter.dedupe_key)
            return False
        return True

    def _has_topic(self, topic: str, *, named: bool = False) -> bool:
        if topic not in self._absent:
            try:
                self._check_topic(topic)
                self._absent[topic] = None
            except SettingError as error:
                log.warning("letters are left", topic=topic, error=error.what)
                self._absent[topic] = error
        absent = self._absent[topic]
        if named and absent is not None:
            raise absent
        return absent is None


def redrive(
    settings: Settings,
    wish: Wish,
    *,
    asked_by: str,
    via: str,
    per_second: float = PER_SECOND,
    limit: int | None = None,
    assume_published: int | None = None,
) -> Sent:
    """One run on this platform; raises as `Redrive.run` does."""
    arm(settings)
    with connect(settings.dsn_file, application_name="weir:redrive") as connection:

        def opened() -> Redrive:
            return Redrive(
                connection,
                TransactionalPublisher(settings, PUBLISHER),
                asked_by=asked_by,
                via=via,
                per_second=per_second,
                check_topic=lambda topic: check_topic(settings, topic),
            )

        if assume_published is not None:
            opened().assume(assume_published)
        return opened().run(wish, limit)


def check_topic(settings: Settings, topic: str) -> None:
    """Raises SettingError for a topic that is not on this Kafka."""
    if settings.promo_in_bootstrap and topic == settings.promo_in_topic:
        raise SettingError(
            f"{topic} is on another Kafka (WEIR_PROMO_IN_BOOTSTRAP), where Weir only reads",
            "weir dlq show KEY --raw gives the bytes of a letter; its owner sends them",
        )
    partitions_of(settings, topic)
