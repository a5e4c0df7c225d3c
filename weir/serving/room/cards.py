"""What is shown of a stream: one value that the page, row by row, only writes down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from weir.ops.audit import Deed
from weir.ops.health import Finding
from weir.ops.lag import PartitionLag
from weir.ops.operations import Operation, Verb
from weir.serving.room.history import Batch, Bucket
from weir.serving.room.levels import Level


@dataclass(frozen=True, kw_only=True)
class LastBatch:
    """The batch that ended last."""

    seconds_ago: float
    messages: int
    duration_ms: int


@dataclass(frozen=True, kw_only=True)
class OpenOrder:
    """A verb that is being carried out."""

    verb: Verb
    step: str
    changed_by: str
    seconds_ago: float


@dataclass(frozen=True, kw_only=True)
class Card:
    """One stream. What is not known is None; seconds are by the database's clock."""

    stream: str
    source: str
    topic: str
    tables: tuple[str, ...]
    mode: str | None
    desired: str
    observed: str
    changed_by: str | None
    changed_at: datetime | None
    level: Level
    state: str  # the one word for all of it
    words: str
    advice: str
    epoch: int | None
    version: str | None
    uptime_seconds: float | None
    heartbeat_seconds: float | None
    driver_id: str | None
    app_id: str | None
    ui_url: str | None
    lag_messages: int | None
    lag_seconds: float | None
    seconds_left: float | None
    in_per_second: float | None
    out_per_second: float
    last_batch: LastBatch | None
    probe_seconds: float | None
    restarts_of_a_day: int
    memory_mb: float | None
    recent: tuple[int, ...]  # messages counted in each minute of the last half hour
    operation: OpenOrder | None
    useless_verbs: dict[Verb, str]


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What `include/streams.yaml` gives the stream."""

    cores: int
    heap_mb: int
    trigger_ms: int


@dataclass(frozen=True, kw_only=True)
class Closely:
    """One stream with its past."""

    now: datetime
    row: Card
    findings: tuple[Finding, ...]
    levels: tuple[Level, ...]  # of the findings, in the same order
    declaration: Declaration
    buckets: list[Bucket]
    batches: list[Batch]
    partitions: tuple[PartitionLag, ...]
    deeds: list[Deed]
    operations: list[Operation]
