"""Consecutive offsets of a planned batch, cut into smaller ones. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from spark_jobs.lib.checkpoint import Offsets


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The messages from `begins` up to, not including, `ends`: topic -> partition -> offset.

    `whole`: these are exactly the messages of the data frame that Spark gave. A slice holds
    offsets, not messages: control records and aborted ones take offsets too.
    """

    batch_id: int
    begins: Offsets
    ends: Offsets
    whole: bool = True

    @property
    def size(self) -> int:
        """How many offsets."""
        return sum(
            end - self.begins[topic][partition]
            for topic, partitions in self.ends.items()
            for partition, end in partitions.items()
        )

    def split(self, parts: int) -> list[Slice]:
        """At most `parts` slices, none empty, each beginning where the one before ends.

        Within a partition the order stays; one partition is passed after the other.
        """
        size = self.size
        marks = sorted({size * n // parts for n in range(parts + 1)} | {0, size})
        places = [self._at(mark) for mark in marks]
        return [
            replace(self, begins=begin, ends=end, whole=False) for begin, end in pairwise(places)
        ]

    def cut(self, ends: Offsets) -> tuple[Slice, Slice]:
        """The part up to `ends`, as far as this slice reaches, and the rest."""
        middle = {
            topic: {
                p: max(self.begins[topic][p], min(ends.get(topic, {}).get(p, end), end))
                for p, end in partitions.items()
            }
            for topic, partitions in self.ends.items()
        }
        return (
            replace(self, ends=middle, whole=False),
            replace(self, begins=middle, whole=False),
        )

    def nothing(self) -> Slice:
        """The slice without any message that begins here."""
        return replace(self, ends=self.begins, whole=False)

    def only_place(self) -> tuple[str, int, int]:
        """Topic, partition and offset of a slice of size 1."""
        ((topic, partition),) = [
            (topic, partition)
            for topic, partitions in self.ends.items()
            for partition, end in partitions.items()
            if end > self.begins[topic][partition]
        ]
        return topic, partition, self.begins[topic][partition]

    def _at(self, mark: int) -> Offsets:
        """Where one stands after `mark` offsets."""
        place: dict[str, dict[int, int]] = {}
        for topic, partitions in sorted(self.ends.items()):
            for partition, end in sorted(partitions.items()):
                first = self.begins[topic][partition]
                taken = min(mark, end - first)
                mark -= taken
                place.setdefault(topic, {})[partition] = first + taken
        return place
