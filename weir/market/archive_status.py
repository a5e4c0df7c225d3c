"""How the archive stands: what it holds, how far it is behind, how its last run went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from weir.kafka.offsets import end_offsets
from weir.market.archive import ARCHIVE, folder_of
from weir.market.archive_manifest import Gap, load
from weir.market.archive_rows import DATASETS
from weir.ops.lease import Pg
from weir.settings import Settings

State = Literal["empty", "current", "behind", "failed", "running"]
LATE_SECONDS: Final = 2 * 3600 + 600
"""It is made each hour: two hours and a little without success is late."""

READ: Final = """
    select extract(epoch from clock_timestamp() - began_at)::float8, began_at, ended_at,
      succeeded_at, extract(epoch from clock_timestamp() - succeeded_at)::float8, error, error_at
    from market.archive_run where archive = %s
"""


@dataclass(frozen=True, kw_only=True)
class LastRun:
    """The newest run, by the database's clock; ended_at is None while it works, or when it died."""

    began_at: datetime
    ended_at: datetime | None
    succeeded_at: datetime | None
    seconds_since_success: float | None
    error: str | None
    error_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DatasetStatus:
    """One dataset. `offsets`: partition -> the last archived offset; waiting: None is unknown."""

    name: str
    topic: str
    files: int
    rows: int
    bytes: int
    first_date: str | None
    last_date: str | None
    offsets: Mapping[int, int]
    waiting: int | None


@dataclass(frozen=True, kw_only=True)
class ArchiveStatus:
    """The whole archive. doubles: messages that the filter wrote twice and that are in it once."""

    state: State
    folder: str
    last: LastRun | None
    datasets: list[DatasetStatus]
    doubles: int
    foreign: int
    gaps: list[Gap]


def judge(last: LastRun | None, waiting: int | None, files: int) -> State:
    """One word for it. Messages of the hour that is not over are no delay."""
    if last is None:
        return "empty" if not files else "behind"
    if last.error is not None:
        return "failed"
    if last.ended_at is None:
        return "running"
    late = last.seconds_since_success is None or last.seconds_since_success > LATE_SECONDS
    return "behind" if late and waiting != 0 else "current"


def fetch_status(settings: Settings, connection: Pg, *, ask_kafka: bool = True) -> ArchiveStatus:
    """Read manifest, Kafka's ends and the last run. Raises Unavailable, ContractError."""
    folder = folder_of(settings)
    manifest = load(folder)
    datasets = []
    for topic, name in DATASETS.items():
        files = [file for file in manifest.files if file.dataset == name]
        places = manifest.next.get(topic, {})
        ends = end_offsets(settings, topic) if ask_kafka else {}
        missing = sum(max(0, end - places.get(p, 0)) for p, end in ends.items())
        datasets.append(
            DatasetStatus(
                name=name,
                topic=topic,
                files=len(files),
                rows=sum(file.rows for file in files),
                bytes=sum(file.bytes for file in files),
                first_date=min((file.date for file in files), default=None),
                last_date=max((file.date for file in files), default=None),
                offsets={p: offset - 1 for p, offset in sorted(places.items()) if offset > 0},
                waiting=missing if ask_kafka else None,
            )
        )
    last = fetch_last_run(connection)
    waiting = sum(d.waiting or 0 for d in datasets) if ask_kafka else None
    return ArchiveStatus(
        state=judge(last, waiting, len(manifest.files)),
        folder=str(folder),
        last=last,
        datasets=datasets,
        doubles=manifest.doubles,
        foreign=manifest.foreign,
        gaps=list(manifest.gaps),
    )


def fetch_last_run(connection: Pg) -> LastRun | None:
    """How the newest run went; None before the first one."""
    row = connection.execute(READ, [ARCHIVE]).fetchone()
    if row is None:
        return None
    return LastRun(
        began_at=row[1],
        ended_at=row[2],
        succeeded_at=row[3],
        seconds_since_success=row[4],
        error=row[5],
        error_at=row[6],
    )
