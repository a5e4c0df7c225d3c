"""Several topics of the main cluster as one source: a batch fixes the offsets of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spark_jobs.lib.begin import begin, choose_checkpoint
from spark_jobs.lib.driver import Driver
from spark_jobs.lib.kafka import source_options
from spark_jobs.lib.messages import offsets_json
from weir.ops.streams import StreamSpec


@dataclass(frozen=True, kw_only=True)
class Begun:
    """Where a query over topics begins. incarnations: topic -> that of its dead letters."""

    stands: Mapping[str, Mapping[int, int]]
    incarnations: Mapping[str, str]
    folder: Path


def begin_topics(driver: Driver, query: str, topics: Sequence[str]) -> Begun:
    """Where the ledger stands in each topic, and a checkpoint folder that fits.

    Raises ContractError as `begin` does.
    """
    settings = driver.file.settings
    found = {topic: begin(driver, query, topic, settings) for topic in topics}
    stands = {topic: each.stands for topic, each in found.items()}
    return Begun(
        stands=stands,
        incarnations={topic: each.incarnation for topic, each in found.items()},
        folder=choose_checkpoint(driver.file.checkpoints / query, stands),
    )


def topics_options(driver: Driver, spec: StreamSpec, begun: Begun) -> dict[str, str]:
    """Options for reading all of them from there on."""
    return source_options(driver.file.settings, spec, {}) | {
        "subscribe": ",".join(begun.stands),
        "startingOffsets": offsets_json(begun.stands),
    }
