"""Secrets are private from their first byte."""

from __future__ import annotations

from weir.logs import redact, redact_text
from weir.platform.secrets import keep_password, write_private


def test_a_password_is_made_once_and_is_private(tmp_path):
    """A second start must not lock the first one's data."""
    path = tmp_path / "p"
    first = keep_password(path)
    assert (keep_password(path), len(first) >= 32) == (first, True)
    assert path.stat().st_mode & 0o777 == 0o600


def test_writing_replaces_a_file_that_others_could_read(tmp_path):
    """An old mode must not survive new content."""
    path = tmp_path / "p"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)


def test_logs_show_neither_logins_in_addresses_nor_named_secrets():
    """A log is copied into tickets."""
    event = {"url": "postgres://u:hunter2@h/db", "api_token": "t0ps3cret", "n": 1}
    assert redact(None, "info", event) == {"url": "postgres://***@h/db", "api_token": "***", "n": 1}
    assert redact_text("host=h password=hunter2 x") == "host=h password=*** x"
