"""A stream's log is found by the stream's name."""

from __future__ import annotations

import os

from weir.platform.driver_logs import newest_by_stream
from weir.platform.layout import Layout
from weir.settings import Settings


def test_the_newest_driver_of_each_stream_wins(tmp_path):
    """An operator knows the stream, not the id that Spark gave to its driver."""
    layout = Layout(Settings(_env_file=None, home=tmp_path))
    written = {}
    for number, stream in enumerate(["counts", "other", "counts", None]):
        path = layout.data / "spark" / "work-1" / f"driver-{number}" / "stderr"
        path.parent.mkdir(parents=True)
        conf = f'"--conf-file" "/x y/streams/{stream}.json"' if stream else ""
        path.write_text(f"Launch Command: java {conf}\n")
        os.utime(path, (1000 + number, 1000 + number))
        written[number] = path
    assert newest_by_stream(layout) == {"counts": written[2], "other": written[1]}
