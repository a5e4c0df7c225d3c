"""Named places where a test breaks a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from weir.errors import SettingError
from weir.ops import failpoint
from weir.ops.failpoint import POINTS, FailpointReached, arm, parse, reach
from weir.settings import REPO, Settings

PASSED = re.compile(r"\breach\(\"(\w+)\"\)")


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoint._armed = None


def settings(folder: Path, text: str) -> Settings:
    return Settings(_env_file=None, home=folder, failpoint=text)


def test_without_the_setting_nothing_happens(tmp_path: Path) -> None:
    """In production every place is passed."""
    arm(settings(tmp_path, ""))
    reach("after_seal")


def test_an_entry_happens_at_its_pass_and_only_once(tmp_path: Path) -> None:
    """A relaunched process has the same setting, and must get further."""
    given = settings(tmp_path, "after_seal@2:raise, in_copy:raise")
    arm(given)
    reach("after_seal")
    reach("in_copy")
    with pytest.raises(FailpointReached, match="after_seal"):
        reach("after_seal")
    reach("after_seal")
    arm(given)  # the next process
    reach("after_seal")
    with pytest.raises(FailpointReached, match="in_copy"):
        reach("in_copy")
    arm(given)
    reach("in_copy")


def test_kill9_ends_the_process_there(tmp_path: Path) -> None:
    """No handler runs, nothing is flushed: as a machine that loses its power."""
    program = (
        "from pathlib import Path\n"
        "from weir.ops.failpoint import arm, reach\n"
        "from weir.settings import Settings\n"
        f"home = Path({str(tmp_path)!r})\n"
        "arm(Settings(_env_file=None, home=home, failpoint='after_seal:kill9'))\n"
        "reach('after_seal'); print('passed')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=os.getcwd())
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"")


@pytest.mark.parametrize(
    "text", ["after_seal", "after_seal:explode", "after_seal@0:kill9", "nowhere:kill9"]
)
def test_a_setting_that_means_nothing_is_refused(text: str) -> None:
    """A test that breaks nothing would be green."""
    with pytest.raises(SettingError, match="WEIR_FAILPOINT"):
        parse(text)


def test_every_place_is_in_the_list() -> None:
    """Who writes a test of faults takes the names from there."""
    files = [*REPO.glob("weir/**/*.py"), *REPO.glob("spark_jobs/**/*.py")]
    assert {name for file in files for name in PASSED.findall(file.read_text())} == set(POINTS)
