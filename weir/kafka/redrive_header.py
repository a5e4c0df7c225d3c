"""The header that a letter carries when it is sent again: which letter it was, tried how often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from weir.kafka.record import Headers

REDRIVE_HEADER: Final = "weir-redrive"
MAX_ATTEMPTS: Final = 1_000_000
PATTERN: Final = re.compile(r"([1-9][0-9]{0,6}) (\S{1,400})")


@dataclass(frozen=True, kw_only=True)
class Redriven:
    """The letter that a record was, and how often its message had been tried by then."""

    dedupe_key: str
    attempts: int


def with_redrive(headers: Headers, redriven: Redriven) -> Headers:
    """The original headers, and ours in the place of an earlier one."""
    own = (REDRIVE_HEADER, f"{redriven.attempts} {redriven.dedupe_key}".encode())
    return (*((name, value) for name, value in headers if name != REDRIVE_HEADER), own)


def read_redrive(headers: Headers) -> Redriven | None:
    """What the header says; None without one, or with one that we did not write."""
    for name, value in headers:
        if name == REDRIVE_HEADER and value is not None:
            found = PATTERN.fullmatch(value.decode("ascii", "replace"))
            if found and int(found[1]) <= MAX_ATTEMPTS and "\ufffd" not in found[2]:
                return Redriven(attempts=int(found[1]), dedupe_key=found[2])
    return None
