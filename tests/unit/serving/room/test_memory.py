"""Whose memory is counted."""

from __future__ import annotations

from weir.serving.room.memory import belongs

FILE = "/home/me/weir/streams/wikimedia_domain_counts.json"


def test_a_driver_is_known_by_its_file_and_an_executor_by_its_application():
    """Both are the stream's memory."""
    assert belongs(["python", "main.py", "--conf-file", FILE], FILE, "app-1")
    assert belongs(["java", "--app-id", "app-1"], FILE, "app-1")


def test_another_stream_is_not_counted():
    """Neither by the start of a name, nor when no application is known."""
    assert not belongs(["java", "--app-id", "app-10"], FILE, "app-1")
    assert not belongs(["python", f"{FILE}.old"], FILE, None)
