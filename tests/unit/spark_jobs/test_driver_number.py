"""A driver knows its number from the folder it was started in."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs.lib.take_lease import driver_of


@pytest.mark.parametrize(
    ("folder", "driver"),
    [
        ("/w/work-0/driver-20261122072630-0003", "driver-20261122072630-0003"),
        ("/w/work-0", None),
        ("/w/driver-logs", None),
    ],
)
def test_the_folder_of_a_driver_names_it(folder, driver):
    """The master gives a new number when a worker dies, and tells nobody."""
    assert driver_of(Path(folder)) == driver
