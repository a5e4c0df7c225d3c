"""Passwords of the local platform: made at the first start, kept in 0600 files, never printed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write `text` so that the file is never readable by others and never half written."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    temporary.replace(path)


def keep_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret in `path`; made there if the file is missing."""
    if not path.exists():
        write_private(path, make())
    return path.read_text()


def keep_password(path: Path) -> str:
    """The password in `path`; made there if the file is missing."""
    return keep_secret(path, lambda: secrets.token_urlsafe(24))
