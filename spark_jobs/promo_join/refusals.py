"""The refused messages of a batch that was read from several topics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from spark_jobs.lib.refusals import letters
from spark_jobs.promo_join.schema import Input
from weir.kafka.dead_letters import DeadLetter
from weir.kafka.reader import read_range


def refused_letters(
    inputs: tuple[Input, ...], refused: Mapping[tuple[str, int, int], str], refused_by: str
) -> Iterator[DeadLetter]:
    """Each refused message with its original bytes, from the cluster of its topic."""
    for source in inputs:
        here = {(p, o): reason for (t, p, o), reason in refused.items() if t == source.topic}
        if here:
            yield from letters(
                source.topic,
                here,
                refused_by,
                lambda start, end, source=source: read_range(
                    source.settings, source.topic, start, end, probes=True
                ),
                source.incarnation,
            )
