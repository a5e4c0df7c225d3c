"""One secure platform for all tests here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.platform import INFRASTRUCTURE, running_platform
from weir.settings import Settings


@pytest.fixture(scope="session")
def secure() -> Iterator[Settings]:
    """Kafka with TLS, logins and ACLs, PostgreSQL with roles, Spark; schema and topics.

    One that runs already is quick while developing (`WEIR_TEST_SECURE_HOME`).
    """
    home = os.environ.get("WEIR_TEST_SECURE_HOME")
    if home:
        base = int(os.environ.get("WEIR_PORT_BASE", "0"))
        yield Settings(_env_file=None, home=Path(home), port_base=base, security="sasl_ssl")
        return
    with running_platform(INFRASTRUCTURE, security="sasl_ssl") as settings:
        yield settings
