"""Dead letters of a batch: rows in the sealing transaction, records in `<topic>.dlq`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from spark_jobs.promo_join.schema import Input
from spark_jobs.window_counts.refusals import letters
from weir.kafka.dead_letters import DeadLetter, dlq_record
from weir.kafka.producer import Publisher
from weir.kafka.reader import read_range


def sent_letters(
    inputs: tuple[Input, ...],
    refused: Mapping[tuple[str, int, int], str],
    refused_by: str,
    publisher: Callable[[], Publisher],
) -> Iterator[DeadLetter]:
    """Each refused message with its original bytes, after its record was sent.

    One at a time, so that a batch of large ones needs no memory; all records are confirmed when
    the iterator ends. The topic may get a record twice, the table never.
    """
    if not refused:
        return
    sending = publisher()
    for source in inputs:
        here = {(p, o): reason for (t, p, o), reason in refused.items() if t == source.topic}
        if not here:
            continue
        found = letters(
            source.topic,
            here,
            refused_by,
            lambda start, end, source=source: read_range(
                source.settings, source.topic, start, end, probes=True
            ),
            source.incarnation,
        )
        for letter in found:
            record = dlq_record(letter)
            sending.send(record.topic, record.value, key=record.key, headers=record.headers)
            yield letter
    sending.flush()
