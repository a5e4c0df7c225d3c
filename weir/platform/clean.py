"""Delete the data folder, and what had to be put outside of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from weir.errors import SettingError
from weir.platform.layout import Layout


def folders(layout: Layout) -> list[Path]:
    """What would be deleted. Raises SettingError for a folder that is not Weir's."""
    home = layout.home
    if home.exists() and not (home / "secrets").exists() and any(home.iterdir()):
        raise SettingError(f"{home} is not a data folder of Weir", "look at WEIR_HOME")
    outside = Path("/var/lib/weir") / layout.instance
    return [folder for folder in (home, outside) if folder.exists()]


def delete(layout: Layout) -> None:
    """Delete them. The platform must be stopped."""
    for folder in folders(layout):
        shutil.rmtree(folder)
