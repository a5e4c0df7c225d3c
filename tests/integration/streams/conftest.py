"""Streams on a real PostgreSQL, in a database of their own; the Spark master is only told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stores import own_database
from tests.support.stream_rows import ToldMaster, empty
from weir.ops import lease
from weir.settings import Settings
from weir.store.postgres import connect


@pytest.fixture(scope="module")
def own(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with own_database(platform, Path(tmp_path_factory.mktemp("streams"))) as settings:
        yield settings


@pytest.fixture
def pg(own: Settings) -> Iterator[lease.Pg]:
    with connect(own.dsn_file, application_name="test") as connection:
        empty(connection)
        yield connection


@pytest.fixture
def master(monkeypatch: pytest.MonkeyPatch) -> ToldMaster:
    return ToldMaster().install(monkeypatch)
