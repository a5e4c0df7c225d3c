"""The header by which a letter that was sent again is known."""

from __future__ import annotations

import pytest

from weir.kafka.redrive_header import REDRIVE_HEADER, Redriven, read_redrive, with_redrive

OTHERS = (("id", b"1"), ("none", None))
FIRST = Redriven(dedupe_key="promo-campaigns/2/77", attempts=3)


def test_what_was_written_is_read_and_the_other_headers_stay() -> None:
    """Order and doubles of the original headers may mean something to their reader."""
    headers = with_redrive((*OTHERS, *OTHERS), FIRST)
    assert headers[:-1] == (*OTHERS, *OTHERS)
    assert read_redrive(headers) == FIRST
    assert read_redrive(OTHERS) is None


def test_a_second_life_replaces_the_first() -> None:
    """A header per life would grow without end."""
    second = Redriven(dedupe_key="promo-campaigns/0/99", attempts=4)
    headers = with_redrive(with_redrive(OTHERS, FIRST), second)
    assert [name for name, _ in headers].count(REDRIVE_HEADER) == 1
    assert read_redrive(headers) == second


@pytest.mark.parametrize(
    "value",
    [
        *(None, b"", b"3", b"3 ", b" t/0/1", b"0 t/0/1", b"-1 t/0/1", b"9999999 t/0/1"),
        *(b"3 t/0/1 more", b"3 " + b"x" * 401, b"3 \xff", b"\xd9\xa3 t/0/1", b"3 t/0/1\n"),
    ],
)
def test_a_header_that_a_stranger_wrote_means_nothing(value: bytes | None) -> None:
    """Anybody who may write to the topic may write headers; a letter must still be storable."""
    assert read_redrive(((REDRIVE_HEADER, value),)) is None
