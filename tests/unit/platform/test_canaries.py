"""The search for secrets finds them: one that cannot see would always be content."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support import canaries
from weir.clock import utc_now
from weir.platform.certificates import keep_certificates
from weir.platform.secrets import write_private

CANARY = "canary-8c1f-4d02"


def test_a_secret_is_found_in_arguments_and_environment_of_another_process() -> None:
    """What `ps` shows, everyone sees."""
    words = [sys.executable, "-c", "input()", CANARY]
    child = subprocess.Popen(
        words, stdin=subprocess.PIPE, env=os.environ | {"OF_CHILD": f"{CANARY}-too"}
    )
    try:
        found = canaries.hits([CANARY], canaries.processes())
        mine = {place.split()[1] for place in found if place.startswith(f"{child.pid} ")}
        assert mine == {"cmdline", "environ"}
    finally:
        child.communicate(b"\n")


def test_a_secret_is_found_in_any_file_but_its_own(tmp_path: Path) -> None:
    """Also when an address has it in the spelling of addresses."""
    secret = "p@ss word 2611"
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "a.password").write_text(secret)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "plain.log").write_text(f"x {secret} y")
    (tmp_path / "logs" / "address.log").write_text("postgres://u:p%40ss%20word%202611@h")
    (tmp_path / "logs" / "clean.log").write_text("nothing")
    found = canaries.hits([secret], canaries.files(tmp_path))
    assert [Path(place).name for place in found] == ["address.log", "plain.log"]


def test_private_keys_count_as_secrets(tmp_path: Path) -> None:
    """The brokers' key opens every door."""
    folder = tmp_path / "secrets" / "kafka"
    keep_certificates(folder, utc_now())
    for number in range(10):
        write_private(folder / f"user-{number}.password", f"password-{number}")
    found = canaries.secrets_of(tmp_path)
    key = (folder / "node.pem").read_text().splitlines()[1]
    assert {key, "password-3"} <= found
    assert not any("CERTIFICATE" in secret for secret in found)
