"""Where the drivers write: Spark keeps one folder per driver, Weir finds a stream's newest one."""

from __future__ import annotations

import re
from pathlib import Path

from weir.platform.layout import Layout

CONF_FILE = re.compile(rb"/streams/([a-z][a-z0-9_]*)\.json")
FIRST_BYTES = 32_768  # the launch command, with the stream's file in it, is the first line


def newest_by_stream(layout: Layout) -> dict[str, Path]:
    """Stream -> log of its newest driver on this machine's workers."""
    logs = sorted(
        layout.data.glob("spark/work-*/driver-*/stderr"), key=lambda path: path.stat().st_mtime
    )
    found = {}
    for path in logs:
        with path.open("rb") as file:
            named = CONF_FILE.search(file.read(FIRST_BYTES))
        if named:
            found[named.group(1).decode()] = path
    return found
