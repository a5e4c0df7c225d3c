"""The file that a driver reads its settings from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from tests.support.stream_specs import wikimedia_spec
from weir.ops.driver_file import DriverFile, read_driver_file, write_driver_file
from weir.settings import Settings

WRITERS = 16


def test_many_may_write_it_at_once_and_each_reader_finds_a_whole_file(tmp_path: Path) -> None:
    """Two people press start at the same moment, in one web server."""
    content = DriverFile(
        settings=Settings(_env_file=None, home=tmp_path),
        spec=wikimedia_spec("counts"),
        checkpoints=tmp_path / "checkpoints",
    )
    path = tmp_path / "streams" / "counts.json"
    together = Barrier(WRITERS)

    def write(_: int) -> None:
        together.wait()
        write_driver_file(path, content)
        assert read_driver_file(path).stream == "counts"

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert [file.name for file in path.parent.iterdir()] == ["counts.json"]
