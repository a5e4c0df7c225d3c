"""Bytes from outside on a person's terminal."""

from __future__ import annotations

import pytest

from weir.cli.terminal import json_bytes, message_line, printable
from weir.kafka.record import Message


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (b"caf\xc3\xa9", "café"),
        (b"\x1b[2Jgone", "\\x1b[2Jgone"),
        (b"two\nlines", "two\\nlines"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("\u202eevil", "\\u202eevil"),
        ("\ud800", "\\ud800"),
    ],
)
def test_control_characters_are_spelled_out(value: bytes | str | None, shown: str) -> None:
    """A title in a stream must not clear the screen or turn the text around."""
    assert printable(value) == shown


def test_long_text_is_cut_with_a_sign() -> None:
    """A cut that does not show reads as the whole."""
    assert printable("abcdef", 3) == "abc…"


def test_json_loses_no_byte() -> None:
    """Scripts must be able to get the original back."""
    assert json_bytes("é".encode()) == "é"
    assert json_bytes(b"\xff") == {"base64": "/w=="}
    assert json_bytes(None) is None


def test_a_message_is_one_line_even_with_an_impossible_time() -> None:
    """Year 99999 is a bad record, not a crash of the tool that looks at it."""
    headers = (("id", b"1"),)
    message = Message("news", 2, 7, b"k", b"v\n", headers, 1_500)
    assert message_line(message) == "2/7 1970-01-01T00:00:01.500+00:00 k v\\n [id=1]"
    far = message._replace(timestamp_ms=3_093_527_980_800_000, headers=())
    assert message_line(far) == "2/7 3093527980800000 k v\\n"
