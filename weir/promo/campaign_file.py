"""Campaigns in a file or a pipe: one message, or one per line, each judged as the stream does."""

from __future__ import annotations

from typing import NamedTuple

from weir.contracts.campaign import Campaign, Reason, Refusal, parse_campaign
from weir.errors import SettingError

SHOWN = 5


class Entry(NamedTuple):
    """One message with its place in the file. Its bytes are sent as they are."""

    line: int
    value: bytes
    judged: Campaign | Refusal


def read_entries(content: bytes) -> list[Entry]:
    """Every message of the file: lines of JSON, or one JSON object over many lines."""
    lines = [(n, line.strip()) for n, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    if not lines:
        raise SettingError("there is no campaign in it", "one JSON object, or one per line")
    entries = [Entry(n, line, parse_campaign(line)) for n, line in lines]
    if _is_no_json(entries[0]) and len(lines) > 1:
        whole = Entry(lines[0][0], content.strip(), parse_campaign(content.strip()))
        if not _is_no_json(whole):
            return [whole]
    return entries


def refuse_bad(entries: list[Entry]) -> list[tuple[Entry, Campaign]]:
    """The entries when all are campaigns. Raises SettingError that names lines and reasons."""
    good = [(entry, entry.judged) for entry in entries if isinstance(entry.judged, Campaign)]
    bad = [(e.line, e.judged) for e in entries if isinstance(e.judged, Refusal)]
    if bad:
        words = [f"line {line}: {refusal.reason}, {refusal.detail}" for line, refusal in bad]
        more = [f"and {len(bad) - SHOWN} more"] if len(bad) > SHOWN else []
        raise SettingError(
            f"{len(bad)} of {len(entries)} are no campaigns: " + "; ".join([*words[:SHOWN], *more]),
            "nothing was sent; docs/domains/promo.md lists the reasons",
        )
    return good


def _is_no_json(entry: Entry) -> bool:
    return isinstance(entry.judged, Refusal) and entry.judged.reason == Reason.NOT_JSON
