"""The one file a driver is told about: settings and declaration, 0600, no secret in it.

Arguments, Spark properties and the environment of a driver are visible to others, so they
carry this file's path and the submission's token, nothing else.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from weir.errors import SettingError
from weir.ops.streams import StreamSpec, parse_stream
from weir.settings import Settings

HAND_BUILT = frozenset({"with_", "run_as"})


@dataclass(frozen=True, kw_only=True)
class DriverFile:
    """What a driver needs to know."""

    settings: Settings
    spec: StreamSpec
    checkpoints: Path

    @property
    def stream(self) -> str:
        return self.spec.name


def write_driver_file(path: Path, content: DriverFile) -> None:
    """Write (atomically) the file of a stream."""
    body = {
        "settings": content.settings.model_dump(mode="json", exclude=set(HAND_BUILT)),
        "spec": content.spec.model_dump(mode="json", by_alias=True),
        "checkpoints": str(content.checkpoints),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}")  # threads may write at once
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(body, file, indent=1)
    part.replace(path)


def read_driver_file(path: Path) -> DriverFile:
    """Read it back; a file that others may read is refused."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise SettingError(f"{path} has mode {mode:04o}", f"chmod 600 {path}")
    body = json.loads(path.read_text())
    spec = dict(body["spec"])
    return DriverFile(
        # Given values win over the environment, which a driver does not share with its starter.
        settings=Settings(_env_file=None, **body["settings"]),
        spec=parse_stream(spec.pop("name"), spec, path.name),
        checkpoints=Path(body["checkpoints"]),
    )
