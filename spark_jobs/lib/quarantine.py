"""A message that cannot be processed becomes a dead letter, and the ledger moves over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from spark_jobs.lib.driver import Driver
from spark_jobs.lib.refusals import sent
from spark_jobs.lib.slices import Slice
from weir.errors import ContractError
from weir.kafka.dead_letters import DeadLetter, store_all
from weir.kafka.producer import Publisher
from weir.kafka.record import Message
from weir.ops import lease, ledger
from weir.ops.audit import note_deed

ReadRange = Callable[[str, Mapping[int, int], Mapping[int, int]], Iterator[Message]]

REASON: Final = "quarantined"
MAX_AN_HOUR: Final = 20
"""More of one stream are no poison messages but a broken stream: it stops."""


class Quarantine:
    """Once in the table, at least once in `<topic>.dlq`, as every refusal.

    `read_range` and `publisher` are those of the cluster that the stream reads from;
    `incarnation_of` a topic is that of its letters.
    """

    def __init__(
        self,
        driver: Driver,
        query: str,
        *,
        read_range: ReadRange,
        publisher: Callable[[], Publisher],
        incarnation_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._stream = driver.file.spec.name
        self._query = query
        self._epoch = driver.epoch
        self._read_range = read_range
        self._publisher = publisher
        self._incarnation_of = incarnation_of

    def __call__(self, connection: lease.Pg, piece: Slice, *, error: str, attempts: int) -> None:
        """Keep the one message of the slice; nothing if the ledger is past it already.

        Raises ContractError when there are too many, or when the place holds no message.
        """
        topic, partition, offset = piece.only_place()
        letter = self._letter(topic, partition, offset, error)
        with connection.transaction():
            connection.execute("set local synchronous_commit = on")
            lease.check(connection, self._stream, self._epoch)
            place = ledger.Place(stream=self._stream, query=self._query, topic=topic)
            stands = ledger.fetch_offsets(connection, place)
            begins, ends = piece.begins[topic], piece.ends[topic]
            if ledger.judge_range(stands, begins, ends) is ledger.Verdict.SKIP:
                return
            self._refuse_too_many(connection, topic)
            store_all(connection, sent(self._publisher, [letter]), attempts=attempts)
            note_deed(
                connection,
                who=f"driver of epoch {self._epoch}",
                via="driver",
                action="dlq.quarantine",
                subject=self._stream,
                dead_letter=letter.dedupe_key,
                error=error,
            )
            lease.hold(connection, self._stream, self._epoch)
            ledger.move_offsets(connection, place, ends)

    def _letter(self, topic: str, partition: int, offset: int, error: str) -> DeadLetter:
        found = next(self._read_range(topic, {partition: offset}, {partition: offset + 1}), None)
        if found is None:
            raise ContractError(
                f"{topic}/{partition}/{offset} holds no message and cannot be processed: {error}",
                "the driver's log says more; after the repair: weir streams start",
            )
        return DeadLetter(
            topic=topic,
            refused_by=f"{self._stream}.{self._query}",
            reason=f"{REASON}: {error}",
            value=found.value,
            key=found.key,
            partition=partition,
            offset=offset,
            headers=found.headers,
            incarnation=self._incarnation_of(topic),
        )

    def _refuse_too_many(self, connection: lease.Pg, topic: str) -> None:
        row = connection.execute(
            "select count(*) from ops.dead_letter where topic = %s and refused_by = %s"
            " and starts_with(reason, %s) and first_seen > clock_timestamp() - interval '1 hour'",
            [topic, f"{self._stream}.{self._query}", REASON],
        ).fetchone()
        if row is not None and row[0] >= MAX_AN_HOUR:
            raise ContractError(
                f"{self._stream} has quarantined {row[0]} messages of {topic} in an hour",
                "weir dlq list shows them; repair the stream, then: weir streams start",
            )
