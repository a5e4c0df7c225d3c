"""Properties and options of the local Spark cluster."""

from __future__ import annotations

from pathlib import Path

from weir.platform.layout import Layout
from weir.platform.spark import (
    MASTER_PROPERTIES,
    WORKER_PROPERTIES,
    in_one_line,
    java_options,
    shared_classes,
)
from weir.settings import Settings

DEFAULT_TERMINATE_SECONDS = 10


def seconds(properties: dict[str, str], name: str, default: int) -> int:
    return int(properties.get(f"spark.worker.{name}", str(default)).removesuffix("s"))


def test_a_worker_that_ends_a_hanging_driver_is_not_given_up() -> None:
    """It sends a sign of life each quarter of its own time-out, and none while it kills."""
    waits = seconds(MASTER_PROPERTIES, "timeout", 60)
    beats = seconds(WORKER_PROPERTIES, "timeout", 60) / 4
    kills = seconds(WORKER_PROPERTIES, "driverTerminateTimeout", DEFAULT_TERMINATE_SECONDS)
    assert 2 * (beats + kills) <= waits


def test_a_persons_options_come_last_so_that_they_win() -> None:
    chosen = Settings(_env_file=None, java_options="-XX:TieredStopAtLevel=1 -Xss2m")
    assert java_options(Layout(chosen))[-2:] == ["-XX:TieredStopAtLevel=1", "-Xss2m"]


def test_an_option_with_a_space_stays_one_option() -> None:
    """A clone may lie in a folder with a space, and the class archive lies in the clone."""
    assert in_one_line(["-Xss2m", "-Xa:/my clone/x"]) == '-Xss2m "-Xa:/my clone/x"'


def test_without_a_class_archive_nothing_speaks_of_one(tmp_path: Path) -> None:
    archive = tmp_path / "classes"
    assert shared_classes(archive) == []
    archive.touch()
    assert shared_classes(archive)[0] == f"-XX:SharedArchiveFile={archive}"
