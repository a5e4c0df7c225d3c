"""Properties and options of the local Spark cluster."""

from __future__ import annotations

from weir.platform.spark import MASTER_PROPERTIES, WORKER_PROPERTIES, java_options
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
    assert java_options(chosen)[-2:] == ["-XX:TieredStopAtLevel=1", "-Xss2m"]
