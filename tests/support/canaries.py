"""Looks for secrets wherever other people look: processes, files, pages."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx

from weir.ports import Port
from weir.settings import Settings

EMPTY_BY_DESIGN = (".index", ".timeindex", ".snapshot", ".jar")
LEAST_CHARS = 16


def secrets_of(home: Path) -> set[str]:
    """Every password below `secrets` (and the lines of private keys)."""
    files = [path for path in (home / "secrets").rglob("*") if path.is_file()]
    found = {path.read_text().strip() for path in files if path.name.endswith(".password")}
    keys = [path for path in files if "PRIVATE KEY" in path.read_text()]
    for key in keys:
        body = key.read_text().split("PRIVATE KEY-----")[1]
        found |= {line for line in body.splitlines() if len(line) > LEAST_CHARS}
    assert len(found) > 10
    return found


def hits(secrets: Iterable[str], texts: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where a secret, or a usual spelling of it, was found."""
    spellings = {s for secret in secrets for s in (secret, quote(secret, safe=""))}
    needles = [spelling.encode() for spelling in spellings]
    return [place for place, text in texts if any(needle in text for needle in needles)]


def processes() -> Iterator[tuple[str, bytes]]:
    """Arguments and environment of every process of this machine but this one."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        for part in ("cmdline", "environ"):
            try:
                text = (entry / part).read_bytes()
            except OSError:
                continue  # it ended meanwhile
            yield f"{entry.name} {part} {text[:80]!r}", text


def files(home: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a platform but the secrets themselves and the database's own."""
    for path in sorted(home.rglob("*")):
        parts = path.relative_to(home).parts
        if parts[0] == "secrets" or "postgres" in parts or path.suffix in EMPTY_BY_DESIGN:
            continue
        if not path.is_file():
            continue
        try:
            yield str(path), path.read_bytes()
        except FileNotFoundError:
            continue  # old segments and offsets are deleted while the platform works


def pages(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Spark's own pages: master, worker, and the driver with its environment, plans and queries."""
    driver = f"http://127.0.0.1:{settings.port(Port.SPARK_DRIVER_UI)}"
    (application,) = httpx.get(f"{driver}/api/v1/applications", timeout=10).json()
    api = f"{driver}/api/v1/applications/{application['id']}"
    for address in (
        settings.spark_master_ui_url,
        f"{settings.spark_master_ui_url}/json/",
        f"http://127.0.0.1:{settings.port(Port.SPARK_WORKER_UI)}",
        *(f"{driver}/{page}/" for page in ("environment", "SQL", "StreamingQuery", "jobs")),
        *(f"{api}/{part}" for part in ("environment", "sql?details=true", "jobs")),
    ):
        answer = httpx.get(address, timeout=10, follow_redirects=True)
        assert answer.is_success, address
        yield address, answer.content
