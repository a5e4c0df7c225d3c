"""The ban list on a real PostgreSQL, in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bans import BanDesk
from tests.support.stores import own_database
from weir.settings import Settings


@pytest.fixture(scope="package")
def own(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with own_database(platform, Path(tmp_path_factory.mktemp("bans"))) as settings:
        yield settings


@pytest.fixture
def desk(own: Settings) -> Iterator[BanDesk]:
    """An empty list of bans and an empty catalogue."""
    found = BanDesk(own)
    found.clear()
    yield found
    found.pg.close()
