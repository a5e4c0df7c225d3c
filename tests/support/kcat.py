"""The real kcat, as people run it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.platform import environment
from weir.settings import REPO, Settings

READABLE = ["-q", "-e", "-o", "beginning", "-X", "isolation.level=read_committed"]


def kcat(
    settings: Settings, *words: str | Path, lines: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run bin/kcat with these words and this input. A missing kcat fails the test."""
    return subprocess.run(
        [REPO / "bin" / "kcat", *words],
        env=environment(settings),
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
    )


def send(settings: Settings, topic: str, *messages: str, file: Path | None = None) -> str:
    """`key:message` each, with -K:; what kcat complained about."""
    login = ["-F", file] if file else []
    done = kcat(
        settings, *login, "-P", "-t", topic, "-K:", lines="".join(f"{m}\n" for m in messages)
    )
    return done.stderr if done.returncode else ""


def read(settings: Settings, topic: str, *, file: Path | None = None) -> list[list[str]]:
    """[key, headers, value] of every committed message, sorted."""
    login = ["-F", file] if file else []
    done = kcat(settings, *login, "-C", "-t", topic, *READABLE, "-f", "%k\t%h\t%s\n")
    assert done.returncode == 0, done.stderr
    return sorted(line.split("\t") for line in done.stdout.splitlines())
