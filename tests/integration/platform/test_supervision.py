"""What the supervisor promises, on a small real platform: PostgreSQL and Redis."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import psutil
import pytest

from tests.support.eventually import eventually
from tests.support.platform import running_platform, weir
from weir.platform import leftovers
from weir.platform.layout import Layout
from weir.ports import Port


@pytest.fixture(scope="module")
def small():
    with running_platform("postgres,redis") as settings:
        yield settings


def rows(settings):
    status = json.loads(weir(settings, "status", "--json", check=False).stdout)
    return {row["name"]: row for row in status["components"]}


def test_a_second_start_is_harmless(small):
    """People type `make run` twice."""
    before = {name: row["pid"] for name, row in rows(small).items()}
    weir(small, "up", "--only", "postgres,redis")
    assert {name: row["pid"] for name, row in rows(small).items()} == before


def test_a_component_that_dies_is_started_again_and_counted(small):
    """The count is how an operator sees a component that dies again and again."""
    first = rows(small)["redis"]
    os.kill(first["pid"], signal.SIGKILL)
    after = eventually(
        lambda: rows(small)["redis"],
        lambda row: row["state"] == "healthy" and row["pid"] != first["pid"],
    )
    assert after["restarts"] == first["restarts"] + 1


def test_status_shows_memory_and_addresses_without_a_secret(small):
    """`status --json` is pasted into tickets."""
    text = weir(small, "status", "--json", check=False).stdout
    status = json.loads(text)
    assert rows(small)["postgres"]["pss_mb"] > 1
    assert "passfile" in status["addresses"]["postgres"]
    secrets = [p.read_text().strip() for p in Layout(small).secrets.glob("*.password")]
    assert secrets
    assert [s for s in secrets if s in text] == []


def test_servers_listen_on_loopback_only(small):
    """Nobody in the cafe reads the data."""
    ports = {small.port(Port.POSTGRES), small.port(Port.REDIS)}
    listening = {
        (c.laddr.ip, c.laddr.port)
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.laddr.port in ports
    }
    assert listening == {("127.0.0.1", port) for port in ports}


def test_no_secret_stands_in_an_argument(small):
    """`ps` shows arguments to everybody."""
    secrets = [p.read_text().strip() for p in Layout(small).secrets.glob("*.password")]
    assert secrets
    shown = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    assert [s for s in secrets for line in shown if s in line] == []


def test_down_stops_everything_also_when_the_supervisor_was_killed():
    """A killed supervisor leaves servers that hold ports and files."""
    with running_platform("postgres,redis") as settings:
        layout = Layout(settings)
        os.kill(int((layout.run / "supervisord.pid").read_text()), signal.SIGKILL)
        assert leftovers.find(layout)
        weir(settings, "down")
        assert leftovers.find(layout) == []


def test_a_port_in_use_is_named_with_the_way_out_before_anything_starts():
    """Half a platform is worse than none."""
    with running_platform("redis") as settings:
        weir(settings, "down")
        with socket.socket() as squatter:
            squatter.bind(("127.0.0.1", settings.port(Port.POSTGRES)))
            squatter.listen()
            done = weir(settings, "up", "--only", "postgres,redis", check=False)
        assert done.returncode == 2
        assert f"port {settings.port(Port.POSTGRES)} of postgres is in use" in done.stderr
        assert "WEIR_PORT_BASE" in done.stderr
        assert leftovers.find(Layout(settings)) == []


def test_the_sql_shell_runs_psql_with_the_platforms_login(small):
    """Nobody should have to look up the password."""
    done = weir(small, "db", "shell", "-Atc", "select current_user")
    assert done.stdout.strip() == "weir"


def test_migrations_go_down_and_up_again(small):
    """A step back must exist before it is needed."""
    from weir.store.migrate import list_migrations, migrate, roll_back_newest

    count = len(list_migrations(small))
    for _ in range(count):
        roll_back_newest(small)
    assert not any(m.applied for m in list_migrations(small))
    assert len(migrate(small)) == count
    assert all(m.applied for m in list_migrations(small))
    assert Path(small.dsn_file).stat().st_mode & 0o777 == 0o600
