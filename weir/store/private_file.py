"""Files that hold, or lead to, a secret: read only when nobody else can read them."""

from __future__ import annotations

from pathlib import Path

from weir.errors import SettingError


def read_private(path: Path, what: str, setting: str) -> str:
    """The text of `path`, stripped. Raises SettingError naming `what` it is and its `setting`."""
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text().strip()
    except OSError as error:
        raise SettingError(
            f"the {what} {path} cannot be read: {error.strerror}",
            f"start the platform once (weir up), or set {setting}",
        ) from error
    if mode & 0o077:
        raise SettingError(f"{path} has mode {mode:04o}", f"chmod 600 {path}")
    return text
