"""Redrives on a database of their own; `Room` is the Kafka in memory beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.redrives import Room
from tests.support.stores import own_database
from weir.ops.lease import Pg
from weir.settings import Settings
from weir.store.postgres import connect


@pytest.fixture(scope="module")
def own(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with own_database(platform, Path(tmp_path_factory.mktemp("redrive"))) as settings:
        yield settings


@pytest.fixture
def pg(own: Settings) -> Iterator[Pg]:
    with connect(own.dsn_file, application_name="test") as connection:
        for table in ("redrive", "redrive_batch", "dead_letter", "audit"):
            connection.execute(f"delete from ops.{table}")  # type: ignore[arg-type]
        yield connection


@pytest.fixture
def room(own: Settings, pg: Pg) -> Room:
    return Room(own)
