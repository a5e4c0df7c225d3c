"""Named places where a test breaks a process; nothing at all unless WEIR_FAILPOINT is set.

The setting is a list by comma of `name:action` or `name@pass:action`, in the order in which they
shall happen; each happens once, also across relaunches (what happened is kept in a file).
Actions: `kill9` and `stop` (SIGSTOP) hit the process and the JVM that it serves; `raise` raises.
"""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from weir.errors import SettingError
from weir.settings import Settings

Action = Literal["kill9", "stop", "raise"]
ENTRY: Final = re.compile(r"([a-z_]+)(?:@([1-9]\d*))?:(kill9|stop|raise)")
SPENT: Final = "failpoints.spent"

POINTS: Final = {
    "after_init": "older publishers are fenced, the marker is not read yet",
    "before_batch": "a batch is planned, nothing of it is done",
    "after_decision": "in the seal: campaigns have their states",
    "in_copy": "in the seal: the audience is on its way to PostgreSQL",
    "after_rows": "in the seal: a chunk of notifications is written",
    "before_hold": "in the seal: all is written, the lease is not held yet",
    "before_seal_commit": "in the seal: the lease is held, the commit is next",
    "after_seal": "the seal is committed",
    "before_publish": "a sealed chunk is about to be published",
    "in_transaction": "a transaction of Kafka holds its records, not yet its marker",
    "before_kafka_commit": "the marker is in the transaction, the commit is next",
    "after_kafka_commit": "Kafka has confirmed the commit",
    "after_chunk": "the publisher knows that the chunk is published",
    "after_publish": "all chunks are published, Spark does not know yet",
    "redrive_sealed": "letters are chosen to be sent again",
    "redrive_published": "they are sent, the ledger does not know yet",
}
"""Every place, in the order of its protocol. A test keeps this list equal to the code."""


class FailpointReached(Exception):
    """Raised where the setting says so."""


@dataclass(kw_only=True)
class Failpoint:
    """One place where this process breaks, and how often it is still passed before that."""

    name: str
    passes: int
    action: Action
    spent: Path
    with_parent: bool


_armed: Failpoint | None = None


def parse(text: str) -> list[tuple[str, int, Action]]:
    """The entries of the setting. Raises SettingError that names the bad one."""
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    found: list[tuple[str, int, Action]] = []
    for entry in entries:
        match = ENTRY.fullmatch(entry)
        if match is None or match[1] not in POINTS:
            raise SettingError(
                f"WEIR_FAILPOINT: {entry!r}",
                f"e.g. after_seal:kill9, after_seal@3:stop; places: {', '.join(POINTS)}",
            )
        found.append((match[1], int(match[2] or 1), match[3]))  # type: ignore[arg-type]
    return found


def arm(settings: Settings, *, with_parent: bool = False) -> None:
    """Make the first entry that has not happened yet happen in this process."""
    global _armed
    entries = parse(settings.failpoint)
    spent = settings.home / SPENT
    done = len(spent.read_text().splitlines()) if entries and spent.exists() else 0
    if done >= len(entries):
        _armed = None
        return
    name, passes, action = entries[done]
    _armed = Failpoint(
        name=name, passes=passes, action=action, spent=spent, with_parent=with_parent
    )


def reach(name: str) -> None:
    """This place is passed; break here if it is the armed one's turn."""
    global _armed
    if _armed is None or _armed.name != name:
        return
    _armed.passes -= 1
    if _armed.passes:
        return
    point, _armed = _armed, None
    with point.spent.open("a") as file:
        file.write(f"{point.name}:{point.action}\n")
    if point.action == "raise":
        raise FailpointReached(name)
    number = signal.SIGKILL if point.action == "kill9" else signal.SIGSTOP
    for process in ([os.getppid()] if point.with_parent else []) + [os.getpid()]:
        os.kill(process, number)
