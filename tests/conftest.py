"""Fixtures of every tier. Only tests that ask for `platform` start servers."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests.faults.step2.room import Room, attached_room, room
from tests.support.platform import attached_platform, running_platform
from weir.settings import Settings

# Most tests are about something else: the control room and tests/integration/security have the
# secure profile. `WEIR_SECURITY=sasl_ssl` runs everything in it.
os.environ.setdefault("WEIR_SECURITY", "plain")


@pytest.fixture(scope="session")
def platform() -> Iterator[Settings]:
    """The running platform of this test run: Kafka, PostgreSQL, Redis, Spark; schema and topics."""
    home = os.environ.get("WEIR_TEST_HOME")
    with attached_platform(home) if home else running_platform() as settings:
        yield settings


@pytest.fixture(scope="session")
def control_room() -> Iterator[Room]:
    """One whole platform with Airflow for all tests that need one; each leaves it settled."""
    home = os.environ.get("WEIR_TEST_ROOM")
    if home:
        with attached_platform(home) as settings:
            yield attached_room(settings)
        return
    with room(rate=40.0) as found:
        yield found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that needs something missing skips on a person's machine and fails under CI."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report
