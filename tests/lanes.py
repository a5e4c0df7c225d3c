"""All tests in two lanes side by side, each with a platform of its own.

Much of the time of the slow lane is waiting for drivers to start, which the quick lane uses.
Exit code 0 only when both lanes are green. Run: `python -m tests.lanes`, or `make test`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from weir.settings import REPO

# Those who need Airflow are in one lane: they share one platform that has it.
AIRFLOW = ("tests/integration/airflow", "tests/browser", "tests/faults")
SLOW = ("tests/integration/streams", "tests/integration/promo", *AIRFLOW)
QUICK = ("tests",)

# Most JVMs of the tests live for a minute: what the second compiler costs is never earned back.
SHORT_LIVES = {"WEIR_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}


def environment() -> dict[str, str]:
    """The caller's, in which a program that starts a hundred times is compiled once."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return SHORT_LIVES | kept


def pytest_command(paths: tuple[str, ...], leave_out: tuple[str, ...] = ()) -> list[str]:
    """One lane as a command."""
    ignored = [f"--ignore={path}" for path in leave_out]
    common = ["-m", "not long", "--durations=8", "-p", "no:cacheprovider"]
    return [sys.executable, "-m", "pytest", *paths, *ignored, *common]


def main() -> None:
    env = environment()
    with tempfile.TemporaryFile("w+") as output:
        slow = subprocess.Popen(
            pytest_command(SLOW), cwd=REPO, env=env, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            quick = subprocess.run(
                pytest_command(QUICK, leave_out=SLOW), cwd=REPO, env=env
            ).returncode
            slow.wait()
        finally:
            slow.terminate()
            slow.wait()
        output.seek(0)
        sys.stdout.write(output.read())
    sys.exit(quick or slow.returncode)


if __name__ == "__main__":
    main()
