"""The market's statistics on a real PostgreSQL, in a database of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.market_facts import empty
from tests.support.stores import own_database
from weir.market.statistics_store import prepare
from weir.ops.lease import Pg
from weir.settings import Settings
from weir.store.postgres import connect


@pytest.fixture(scope="package")
def own(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with own_database(platform, Path(tmp_path_factory.mktemp("market"))) as settings:
        yield settings


@pytest.fixture
def pg(own: Settings) -> Iterator[Pg]:
    """The database, with nothing counted."""
    with connect(own.dsn_file, application_name="test") as connection:
        empty(connection)
        prepare(connection)
        yield connection
