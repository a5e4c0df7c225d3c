"""`include/sources.yaml`: which source is live and which is sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

import yaml

from weir.errors import SettingError
from weir.settings import REPO, Settings

Mode = Literal["live", "sample"]
SOURCES_FILE = REPO / "include" / "sources.yaml"


def load_sources(path: Path = SOURCES_FILE) -> dict[str, dict[str, Any]]:
    """The declared sources by name. Raises SettingError for a mode that does not exist."""
    sources: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["sources"]
    for name, source in sources.items():
        if source.get("mode") not in ("live", "sample"):
            raise SettingError(
                f"{path.name}: mode of {name} is {source.get('mode')!r}", "write live or sample"
            )
    return sources


def mode_of(name: str, settings: Settings) -> Mode:
    """`live` or `sample`: the setting wins, then a contact (Wikimedia), then the declaration."""
    if name == "wikimedia":
        if settings.wikimedia_mode:
            return settings.wikimedia_mode
        if settings.wikimedia_contact:
            return "live"
    return cast(Mode, load_sources()[name]["mode"])
