"""The catalogue on a real PostgreSQL, in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.offers import Catalogue
from tests.support.stores import own_database
from weir.settings import Settings


@pytest.fixture(scope="package")
def own(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with own_database(platform, Path(tmp_path_factory.mktemp("catalogue"))) as settings:
        yield settings


@pytest.fixture
def catalogue(own: Settings) -> Iterator[Catalogue]:
    """Nothing is known of any product, and epoch 1 has the lease."""
    found = Catalogue(own)
    yield found
    found.pg.close()
