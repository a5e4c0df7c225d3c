"""Messages of which Spark is not sure: read again, judged one by one, written or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.lib.refusals import Coordinates
from spark_jobs.market_banned_filter.transforms import unsure
from weir.contracts.product import Refusal
from weir.errors import ContractError
from weir.kafka.producer import Publisher
from weir.kafka.record import Message
from weir.market.ban_list import BanList
from weir.market.judge_one import judge_one
from weir.market.take_back import Outlet

Read = Callable[[str, Mapping[int, int], Mapping[int, int]], Iterator[Message]]


class OddOnes:
    """Every odd message is written as the quick way would, or becomes a dead letter."""

    def __init__(self, read: Read, publisher: Callable[[], Publisher]) -> None:
        self._read = read
        self._publisher = publisher

    def write(
        self, messages: DataFrame, expected: int, bans: BanList, outlet: Outlet
    ) -> Coordinates:
        """Publish what they say, confirmed; the coordinates and reasons of those that say nothing.

        Raises ContractError when one is no longer in the topic.
        """
        of_shops = messages.where(F.col("topic") == outlet.source)
        rows = unsure(of_shops).toArrow().to_pylist()
        wanted = {(row["partition"], row["offset"]) for row in rows}
        found = self._messages(outlet.source, wanted)
        refused: dict[tuple[int, int], str] = {}
        publisher, seen = self._publisher(), 0
        for message in found:
            seen += 1
            judged = judge_one(message, bans, outlet)
            if isinstance(judged, Refusal):
                refused[message.partition, message.offset] = judged.reason.value
                continue
            for record in judged:
                publisher.send(record.topic, record.value, key=record.key, headers=record.headers)
        publisher.flush()
        if seen != expected:
            raise ContractError(
                f"{expected - seen} messages of {outlet.source} are gone before they were judged",
                "raise the topic's retention, then: weir streams start",
            )
        return refused

    def _messages(self, topic: str, wanted: set[tuple[int, int]]) -> Iterator[Message]:
        start: dict[int, int] = {}
        end: dict[int, int] = {}
        for partition, offset in wanted:
            start[partition] = min(offset, start.get(partition, offset))
            end[partition] = max(offset + 1, end.get(partition, 0))
        for message in self._read(topic, start, end):
            if (message.partition, message.offset) in wanted:
                yield message
