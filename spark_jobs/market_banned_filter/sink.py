"""One Kafka write of Spark; what is Kafka's fault is told from what is a message's."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Final

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Observation, SparkSession

from weir.errors import ContractError, Unavailable

KAFKA_ERROR: Final = re.compile(r"org\.apache\.kafka\.(?:common|clients)\.[\w.]*?(\w+Exception)\b")
OF_A_MESSAGE: Final = frozenset(
    {"RecordTooLargeException", "SerializationException", "InvalidRecordException"}
)


V1_SOURCES: Final = "avro,csv,json,orc,parquet,text"
"""Spark's own list without kafka. A V1 write hides its plan from observations: `get` would wait
for ever."""


def prepare(session: SparkSession) -> None:
    """Let this session, and the queries that begin in it, write to Kafka by the V2 interface."""
    session.conf.set("spark.sql.sources.useV1SourceList", V1_SOURCES)


def write(records: DataFrame, options: Mapping[str, str]) -> None:
    """Write rows of (topic, key, value, headers) and wait until all are confirmed.

    Under a crash or an error: any of them may be written. Raises Unavailable when Kafka is away:
    a batch that fails for that reason says nothing about its messages.
    """
    try:
        records.write.format("kafka").options(**options).mode("append").save()
    except (Py4JJavaError, PySparkException) as error:
        reason = kafka_fault(str(error))
        if reason is None:
            raise
        raise Unavailable(f"Kafka did not take a batch: {reason}", "weir status") from error


def observed(seen: Observation, within_seconds: float = 60.0) -> dict[str, int]:
    """What was observed of a write that has ended. Raises ContractError when nothing comes.

    Spark tells it by its listeners, and tells nothing at all of a plan that they do not see.
    """
    found: list[dict[str, int]] = []
    asking = threading.Thread(target=lambda: found.append(seen.get), name="observed", daemon=True)
    asking.start()
    asking.join(within_seconds)
    if not found:
        raise ContractError(
            f"Spark told nothing of a write for {within_seconds:.0f} s after its end",
            "is kafka among spark.sql.sources.useV1SourceList? Then: weir streams start",
        )
    return found[0]


def kafka_fault(words: str) -> str | None:
    """The error of Kafka in Spark's words; None when it is no fault of Kafka's surroundings."""
    found = KAFKA_ERROR.findall(words)
    if not found or OF_A_MESSAGE & set(found):
        return None
    return str(found[-1])
