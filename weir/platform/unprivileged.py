"""PostgreSQL refuses to run as root: then it runs as one unprivileged user.

No parent folder's mode is ever changed. If that user cannot reach a folder, the data
and the binaries go to another place instead, and `weir doctor` says so.
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from weir.errors import SettingError


def needed() -> bool:
    """Whether this process is root."""
    return os.getuid() == 0


def account(name: str) -> pwd.struct_passwd:
    """The system's entry of the user `name`."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise SettingError(
            f"WEIR_RUN_AS is {name!r}: no such user", "name an existing user"
        ) from None


def reaches(name: str, path: Path) -> bool:
    """Whether the user may walk down to `path` (or to its nearest existing parent)."""
    user = account(name)
    existing = next(p for p in (path, *path.parents) if p.exists())
    for folder in (existing, *existing.parents):
        facts = folder.stat()
        if facts.st_uid == user.pw_uid:
            allowed = facts.st_mode & 0o100
        elif facts.st_gid == user.pw_gid:
            allowed = facts.st_mode & 0o010
        else:
            allowed = facts.st_mode & 0o001
        if not allowed:
            return False
    return True


def prefix(name: str) -> list[str]:
    """Command words that run the rest as that user; nothing when not root."""
    if not needed():
        return []
    user = account(name)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise SettingError("setpriv is missing", "install util-linux")
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def give(name: str, path: Path) -> None:
    """Make the user the owner of the file or folder `path` itself."""
    if needed():
        user = account(name)
        os.chown(path, user.pw_uid, user.pw_gid)
