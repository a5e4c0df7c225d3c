"""Health of the service `reconcile`: a process that asks PostgreSQL, not one that merely exists."""

from __future__ import annotations

import os

import pytest

from tests.support.eventually import eventually
from weir.platform import services
from weir.platform.component import pid_file
from weir.platform.layout import Layout
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


@pytest.fixture
def component(platform: Settings):
    """The service of the test platform, which nobody started."""
    layout = Layout(platform)
    pid_file(layout, "reconcile").unlink(missing_ok=True)
    yield services.reconcile(layout)
    pid_file(layout, "reconcile").unlink(missing_ok=True)


def test_it_is_healthy_while_it_asks_and_no_longer(platform, component):
    """A hanging service leaves orphans alone, which nobody would notice."""
    assert not component.healthy()
    with connect(platform.dsn_file, application_name="weir-reconcile") as connection:
        connection.execute("select 1")
        assert component.healthy()
    eventually(component.healthy, lambda healthy: not healthy, within_seconds=5)


def test_the_connection_of_its_predecessor_does_not_count(platform, component):
    """After a kill the server keeps the old connection for a moment."""
    path = pid_file(Layout(platform), "reconcile")
    with connect(platform.dsn_file, application_name="weir-reconcile") as connection:
        connection.execute("select 1")
        path.write_text("1")
        assert component.healthy() is False
        os.utime(path, (0, 0))
        assert component.healthy() is True
