"""From raw messages to campaigns, wake-ups and refusals. Pure.

Parsing is plain Python in the driver, not in executors: campaigns are few (a restaurant sends one,
its subscribers are many), one function judges them for everybody, and a worker process of Python
would cost each batch more than parsing it. What may be large never comes here: Spark leaves the
value of an oversized message behind and brings its length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from weir.contracts.campaign import LIMITS, Campaign, Reason, parse_campaign
from weir.kafka.record import PROBE_PREFIX
from weir.promo.wakeups import Wake, parse_wake

NO_WAKE_UP = "no_wake_up"
PROBE_KEY_BYTES = 100


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """A batch, sorted out. refused: (topic, partition, offset) -> reason; times of Kafka."""

    campaigns: tuple[Campaign, ...]
    wakes: tuple[Wake, ...]
    refused: Mapping[tuple[str, int, int], str]
    messages: int
    probes: tuple[str, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None


def readable(
    messages: DataFrame, wakeups_topic: str, max_bytes: int = LIMITS.value_bytes
) -> DataFrame:
    """One row per message: coordinates, time, length, and the value if it may be one of ours.

    The key only of a probe, which is among the wake-ups.
    """
    small = F.length("value") <= max_bytes
    key = F.col("key")
    probe = (
        (F.col("topic") == wakeups_topic)
        & (F.length(key) <= PROBE_KEY_BYTES)
        & key.startswith(F.lit(PROBE_PREFIX))
    )
    return messages.select(
        *("topic", "partition", "offset", "timestamp"),
        F.when(probe, key.cast("string")).alias("probe"),
        F.length("value").alias("value_bytes"),
        F.when(small, F.col("value")).alias("value"),
    )


def sort_out(rows: Iterable[Mapping[str, Any]], campaigns_topic: str) -> Sorted:
    """Every message is a campaign, a wake-up or refused; or, among the wake-ups, a probe.

    Campaigns are in the order of their time stamps, then of partition and offset: of two messages
    about one campaign the later one counts, also when no key kept them in one partition.
    """
    campaigns: list[Campaign] = []
    wakes: list[Wake] = []
    refused: dict[tuple[str, int, int], str] = {}
    probes: list[str] = []
    ordered = sorted(rows, key=lambda row: (row["timestamp"], row["partition"], row["offset"]))
    for row in ordered:
        place = (row["topic"], row["partition"], row["offset"])
        if row["value"] is None and row["value_bytes"] is not None:
            refused[place] = Reason.TOO_LARGE.value
        elif row["topic"] == campaigns_topic:
            found = parse_campaign(row["value"])
            if isinstance(found, Campaign):
                campaigns.append(found)
            else:
                refused[place] = found.reason.value
        elif row.get("probe"):
            probes.append(row["probe"])
        elif (wake := parse_wake(row["value"])) is not None:
            wakes.append(wake)
        else:
            refused[place] = NO_WAKE_UP
    return Sorted(
        campaigns=tuple(campaigns),
        wakes=tuple(wakes),
        refused=refused,
        messages=len(ordered) - len(probes),
        probes=tuple(probes),
        first_at=ordered[0]["timestamp"] if ordered else None,
        last_at=ordered[-1]["timestamp"] if ordered else None,
    )
