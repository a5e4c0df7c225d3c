"""Where things are: every mutable file is under one data folder, `WEIR_HOME`."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from weir.errors import SettingError
from weir.platform import unprivileged
from weir.settings import REPO, Settings

LAYOUT_VERSION = {"layout": 1, "postgres": 18, "kafka": "4.1"}
LONGEST_SOCKET_PATH = 100  # sun_path holds 108 bytes


@dataclass(frozen=True)
class Layout:
    """Paths of one copy of Weir."""

    settings: Settings

    @property
    def home(self) -> Path:
        return self.settings.home.expanduser().absolute()

    @property
    def environment(self) -> Path:
        """The Python environment this process runs in; the jars are part of it."""
        return Path(sys.prefix)

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        import pydantic

        return Path(pydantic.__file__).parent.parent

    @property
    def spark_home(self) -> Path:
        return self.site_packages / "pyspark"

    @property
    def kafka_jars(self) -> Path:
        return self.environment / "jars" / "kafka"

    @property
    def class_archive(self) -> Path:
        """Classes of Spark, ready for the JVM; may be missing."""
        return self.environment / "spark-classes.jsa"

    @property
    def spark_jars(self) -> Path:
        """Connector and JDBC jars, beside Spark's own."""
        return self.environment / "jars" / "spark"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def checkpoints(self) -> Path:
        return self.home / "checkpoints"

    @property
    def instance(self) -> str:
        """Mark in the environment of each started process, by which `down` finds it again."""
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:12]

    @property
    def supervisor_socket(self) -> Path:
        """A socket path that fits the system's limit, however long the data folder's name is."""
        inside = self.run / "supervisor.sock"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
            return inside
        return Path("/tmp") / f"weir-{os.getuid()}-{self.instance}" / "supervisor.sock"

    @cached_property
    def postgres_root(self) -> Path:
        """Folder of PostgreSQL's data; outside the home if its user cannot reach it there."""
        if unprivileged.needed() and not unprivileged.reaches(self.settings.run_as, self.home):
            return Path("/var/lib/weir") / self.instance
        return self.data

    def create(self) -> None:
        """Make the folders; refuse a data folder that another version wrote."""
        stamp = self.home / "VERSION"
        if stamp.exists():
            found = json.loads(stamp.read_text() or "{}")
            if found != LAYOUT_VERSION:
                raise SettingError(
                    f"{self.home} was written by another version: {found}, not {LAYOUT_VERSION}",
                    "set WEIR_HOME to a new folder, or `make clean` if its data may go",
                )
        elif (self.home / "data").exists():
            raise SettingError(
                f"{self.home} has data but no VERSION file: a first start broke off, "
                "or it is not Weir's folder",
                "set WEIR_HOME to a new folder, or `make clean` if its data may go",
            )
        for folder in (self.home, self.run, self.logs, self.checkpoints):
            folder.mkdir(parents=True, exist_ok=True)
        self.secrets.mkdir(mode=0o700, exist_ok=True)
        socket_folder = self.supervisor_socket.parent
        socket_folder.mkdir(mode=0o700, exist_ok=True)
        if not stamp.exists():
            stamp.write_text(json.dumps(LAYOUT_VERSION))
        self.data.mkdir(exist_ok=True)

    @property
    def repo(self) -> Path:
        return REPO
