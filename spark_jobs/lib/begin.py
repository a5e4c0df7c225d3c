"""Where a query begins: the ledger says it, and the checkpoint folder must agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import structlog

from spark_jobs.lib import checkpoint
from spark_jobs.lib.driver import Driver
from spark_jobs.lib.wait_for_kafka import patiently
from weir.kafka.identity import fetch_identity
from weir.kafka.offsets import first_offsets
from weir.ops import inputs, ledger
from weir.settings import Settings

log = structlog.get_logger()


def begin(driver: Driver, query: str, topic: str, settings: Settings) -> inputs.Beginning:
    """Where the ledger stands in this topic; its beginning at the first start.

    `settings` are those of its cluster, which is waited for. Raises ContractError for another
    topic than before, and for offsets that Kafka has deleted.
    """
    place = ledger.Place(stream=driver.file.stream, query=query, topic=topic)
    first, here = patiently(
        lambda: (dict(first_offsets(settings, topic)), fetch_identity(settings, topic)),
        driver.control.stop,
    )
    with driver.connect() as connection:
        if inputs.is_another(place, inputs.fetch_known(connection, place), here):
            # Before it is written down: what was planned of the other topic is never needed again.
            set_aside(driver.file.checkpoints / query, f"{topic} is another one by order")
        found = inputs.begin_input(connection, place, driver.epoch, here, first)
    ledger.refuse_loss(place, found.stands, first)
    return found


def choose_checkpoint(folder: Path, stands: Mapping[str, Mapping[int, int]]) -> Path:
    """The folder to use: as it is, or empty after what does not fit was set aside."""
    verdict, reason = checkpoint.judge_checkpoint(checkpoint.read_offset_log(folder), stands)
    if verdict is checkpoint.Verdict.ASIDE:
        set_aside(folder, reason)
    else:
        log.info("checkpoint", verdict=verdict.value, because=reason)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def set_aside(folder: Path, because: str) -> None:
    """Rename the folder, if there is one."""
    if folder.exists():
        aside = checkpoint.set_aside(folder, datetime.now(UTC))
        log.warning("checkpoint set aside", because=because, folder=str(aside))
