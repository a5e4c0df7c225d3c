"""What is removed from time to time, as a list of chores: each is counted first, then done.

Nothing here touches counts, offsets, gaps, or anything of a run or driver that lives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg

from weir.errors import WeirError
from weir.market import recommend_forget
from weir.ops import airflow_cleaning, old_files, retention
from weir.ops.audit import note_deed
from weir.ops.master import fetch_master
from weir.ops.streams import load_streams
from weir.platform import airflow_config
from weir.platform.layout import Layout
from weir.promo import forget
from weir.settings import Settings
from weir.store.partitions import PARTITIONED, create_partitions, missing_partitions
from weir.store.postgres import connect

METADATA_DAYS = 90
TASK_LOG_DAYS = 30
FOLDER_DAYS = 7
OVER = frozenset({"FINISHED", "KILLED", "FAILED", "ERROR"})  # states of a driver that is gone


@dataclass(frozen=True, kw_only=True)
class Chore:
    """One thing to keep in order: `count` looks, `do` acts; both return how many."""

    name: str
    rule: str
    count: Callable[[], int]
    do: Callable[[], int]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One line of the report. `error` says why it was left undone."""

    chore: str
    rule: str
    number: int = 0
    error: str = ""

    def line(self) -> str:
        """The line for a person's eyes."""
        return f"{self.chore} {self.rule}: {self.error or self.number}"


def list_chores(settings: Settings, now: datetime) -> list[Chore]:
    """Every chore of this platform, in the order in which they are done."""
    chores = [*_partition_chores(settings, now), *_table_chores(settings)]
    chores += [*_faded_chores(settings, now), *_folder_chores(settings, now)]
    return [*chores, *_airflow_chores(now)] if settings.airflow else chores


def survey(chores: Sequence[Chore]) -> list[Outcome]:
    """What would be done; changes nothing."""
    return [_attempt(chore, chore.count) for chore in chores]


def clean(settings: Settings, chores: Sequence[Chore], *, changed_by: str) -> list[Outcome]:
    """Do every chore; one that fails does not keep the others from being done.

    Doing it again finds nothing. Writes one row to the audit trail when anything was done.
    """
    outcomes = [_attempt(chore, chore.do) for chore in chores]
    done = {outcome.chore: outcome.number for outcome in outcomes if outcome.number}
    if done:
        with connect(settings.dsn_file, application_name="weir:housekeeping") as connection:
            note_deed(
                connection,
                who=changed_by,
                via="housekeeping",
                action="platform.clean",
                subject="platform",
                **done,
            )
    return outcomes


def refuse_errors(outcomes: Sequence[Outcome]) -> None:
    """Raises WeirError that names every chore that was left undone."""
    failed = [outcome.line() for outcome in outcomes if outcome.error]
    if failed:
        raise WeirError("not everything could be kept in order:\n  " + "\n  ".join(failed))


def _attempt(chore: Chore, act: Callable[[], int]) -> Outcome:
    try:
        return Outcome(chore=chore.name, rule=chore.rule, number=act())
    except (WeirError, psycopg.Error, OSError) as error:
        return Outcome(chore=chore.name, rule=chore.rule, error=str(error).splitlines()[0])


def _table_chores(settings: Settings) -> list[Chore]:
    def run(act: Callable[[retention.Pg], int]) -> int:
        with connect(settings.dsn_file, application_name="weir:housekeeping") as connection:
            return act(connection)

    chores = [
        Chore(
            name=kept.table,
            rule=kept.rule,
            count=partial(run, partial(retention.count_old, retention=kept)),
            do=partial(run, partial(retention.delete_old, retention=kept)),
        )
        for kept in retention.RETENTIONS
    ]
    batches = Chore(
        name="promo's sealed batches",
        rule=forget.RULE,
        count=partial(run, forget.count_forgettable),
        do=partial(run, forget.forget_published),
    )
    return [*chores, batches]


def _partition_chores(settings: Settings, now: datetime) -> list[Chore]:
    return [
        Chore(
            name=table.table,
            rule=f"partitions for {table.ahead} more {table.every}s",
            count=partial(_size_of, partial(missing_partitions, settings, table, now.date())),
            do=partial(create_partitions, settings, table, now.date()),
        )
        for table in PARTITIONED
    ]


def _faded_chores(settings: Settings, now: datetime) -> list[Chore]:
    def run(act: Callable[[retention.Pg, datetime], int]) -> int:
        with connect(settings.dsn_file, application_name="weir:housekeeping") as connection:
            return act(connection, now)

    return [
        Chore(
            name="recommendations",
            rule=recommend_forget.RULE,
            count=partial(run, recommend_forget.count_faded),
            do=partial(run, recommend_forget.forget_faded),
        )
    ]


def _folder_chores(settings: Settings, now: datetime) -> list[Chore]:
    layout = Layout(settings)
    logs = airflow_config.home(layout) / "logs"
    week, month = (now - timedelta(days=days) for days in (FOLDER_DAYS, TASK_LOG_DAYS))

    def work_folders() -> list[Path]:
        # Without the master's answer nobody knows what lives: then nothing is removed.
        state = fetch_master(settings)
        active = {app.id for app in state.applications}
        active |= {driver for driver, said in state.drivers.items() if said not in OVER}
        return old_files.old_work_folders(layout.data / "spark", week, active)

    found: list[tuple[str, int, Callable[[], list[Path]]]] = [
        ("Spark work folders", FOLDER_DAYS, work_folders),
        (
            "checkpoints set aside",
            FOLDER_DAYS,
            partial(old_files.old_checkpoints, layout.checkpoints, week),
        ),
        ("logs of tasks", TASK_LOG_DAYS, partial(old_files.old_task_logs, logs, month)),
        ("logs of the DAG processor", FOLDER_DAYS, partial(old_files.old_parser_logs, logs, week)),
    ]
    return [
        Chore(
            name=name,
            rule=f"older than {days} days",
            count=partial(_size_of, find),
            do=partial(_remove, find),
        )
        for name, days, find in found
    ]


def _size_of(find: Callable[[], Sequence[object]]) -> int:
    return len(find())


def _remove(find: Callable[[], list[Path]]) -> int:
    return old_files.remove(find())


def _airflow_chores(now: datetime) -> list[Chore]:
    keep = [f"{stream}_stream" for stream in load_streams()]
    metadata = partial(
        airflow_cleaning.clean_metadata, now - timedelta(days=METADATA_DAYS), keep=keep
    )
    return [
        Chore(
            name="Airflow metadata",
            rule=f"older than {METADATA_DAYS} days",
            count=partial(metadata, dry_run=True),
            do=partial(metadata, dry_run=False),
        ),
        Chore(
            name="Airflow state store",
            rule="expired",
            count=partial(airflow_cleaning.clean_state_store, dry_run=True),
            do=partial(airflow_cleaning.clean_state_store, dry_run=False),
        ),
    ]
