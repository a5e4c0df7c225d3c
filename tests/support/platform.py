"""One platform per test run: real servers on free ports, in a data folder of their own."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weir.platform.settings_report import names_of
from weir.ports import BROKER_STEP, OF_BROKERS, Port
from weir.settings import REPO, Settings

INFRASTRUCTURE = "postgres,kafka,redis,spark-master,spark-worker"
LOWEST_BASE, HIGHEST_BASE = 10_000, 23_000  # below the range of outgoing connections


def free_port_base(chooser: random.Random | None = None) -> int:
    """A port base at which every well-known port is free right now."""
    chooser = chooser or random.SystemRandom()
    wanted = {port.value for port in Port}
    wanted |= {p + BROKER_STEP * i for p in OF_BROKERS for i in (1, 2)}
    for _ in range(100):
        base = chooser.randrange(LOWEST_BASE, HIGHEST_BASE, 50)
        if all(_is_free(base + port) for port in wanted):
            return base
    raise RuntimeError("no port base with all ports free was found in 100 tries")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def weir(settings: Settings, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person would, against the platform of `settings`."""
    done = subprocess.run(
        [REPO / "bin" / "weir", *words],
        env=environment(settings),
        capture_output=True,
        text=True,
    )
    if check and done.returncode:
        raise AssertionError(
            f"weir {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done


def environment(settings: Settings) -> dict[str, str]:
    """Environment of a process that belongs to the platform of `settings`."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("WEIR_", "AIRFLOW_"))}
    given = {
        names_of(field)[0]: str(getattr(settings, field)) for field in settings.model_fields_set
    }
    return inherited | given


@contextmanager
def running_platform(
    only: str = INFRASTRUCTURE, *, wait: bool = True, **settings: object
) -> Iterator[Settings]:
    """Start a platform, yield its settings, stop it and delete its data whatever happens.

    It is plain, which starts sooner, unless the caller or WEIR_SECURITY asks for the default.
    """
    # PostgreSQL's user must be able to walk there when the tests run as root.
    folder = Path(tempfile.mkdtemp(prefix="weir-test-"))
    folder.chmod(0o755)
    settings = {"security": os.environ.get("WEIR_SECURITY", "plain")} | settings
    chosen = Settings(
        _env_file=None, home=folder / "data folder", port_base=free_port_base(), **settings
    )
    try:
        weir(chosen, "up", *(("--only", only) if only else ("--wait",) if wait else ()))
        yield chosen
    finally:
        weir(chosen, "down")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def attached_platform(home: str) -> Iterator[Settings]:
    """A platform that runs already: quick while developing (`WEIR_TEST_HOME`)."""
    base = int(os.environ.get("WEIR_PORT_BASE", "0"))
    yield Settings(_env_file=None, home=Path(home), port_base=base)
