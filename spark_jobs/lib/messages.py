"""The messages of a slice: Spark's own data frame of the batch, or a bounded read of a part."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pyspark.sql import DataFrame

from spark_jobs.lib.checkpoint import Offsets
from spark_jobs.lib.slices import Slice

OF_STREAMS: tuple[str, ...] = ("subscribe", "startingOffsets", "maxOffsetsPerTrigger")


def messages_of(batch: DataFrame, piece: Slice, options: Mapping[str, str]) -> DataFrame:
    """The messages of the slice, with the columns of the batch.

    `options` are those of the stream's own source. A part is read anew, only its own offsets: a
    filter over the batch would read what kills the reader again and again.
    """
    if piece.whole:
        return batch
    kept = {name: value for name, value in options.items() if name not in OF_STREAMS}
    return (
        batch.sparkSession.read.format("kafka")
        .options(**kept)
        .option("assign", json.dumps({t: sorted(ps) for t, ps in piece.ends.items()}))
        .option("startingOffsets", offsets_json(piece.begins))
        .option("endingOffsets", offsets_json(piece.ends))
        .load()
        .select(*batch.columns)
    )


def offsets_json(offsets: Offsets) -> str:
    """Offsets as Spark's Kafka source takes them."""
    return json.dumps({t: {str(p): o for p, o in sorted(ps.items())} for t, ps in offsets.items()})
