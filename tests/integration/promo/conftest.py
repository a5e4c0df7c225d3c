"""Promo on a real PostgreSQL (and Kafka), in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.promo import SealingStream
from tests.support.stores import own_database
from weir.settings import Settings


@pytest.fixture(scope="package")
def own(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with own_database(platform, Path(tmp_path_factory.mktemp("promo"))) as settings:
        yield settings


@pytest.fixture
def stream(own: Settings) -> Iterator[SealingStream]:
    """An empty database and a driver's epoch."""
    found = SealingStream(own)
    yield found
    found.pg.close()
