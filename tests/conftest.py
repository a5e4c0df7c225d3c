"""Fixtures of every tier. Only tests that ask for `platform` start servers."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.platform import attached_platform, running_platform
from weir.settings import Settings


@pytest.fixture(scope="session")
def platform() -> Iterator[Settings]:
    """The running platform of this test run: Kafka, PostgreSQL, Redis, Spark; schema and topics."""
    home = os.environ.get("WEIR_TEST_HOME")
    with attached_platform(home) if home else running_platform() as settings:
        yield settings
