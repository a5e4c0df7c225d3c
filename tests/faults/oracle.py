"""What must come out, counted in plain Python from what the sample server sends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import orjson

from weir.sources.wikimedia.generator import SampleStream

EDITS = {"edit", "new"}


@dataclass(frozen=True)
class Expected:
    """ids: every meta.id once. totals: domain -> (changes, edits, bot_edits). minutes: the same
    per (minute, domain)."""

    ids: list[str]
    totals: dict[str, tuple[int, int, int]]
    minutes: dict[tuple[datetime, str], tuple[int, int, int]]


def count(events: list[bytes]) -> Expected:
    """Count these events the slow, obvious way; canaries and what is no JSON are no events."""
    ids: list[str] = []
    totals: Counter[tuple[str, int]] = Counter()
    minutes: Counter[tuple[datetime, str, int]] = Counter()
    for text in events:
        try:
            event = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue  # a dead letter
        domain = event["meta"]["domain"]
        if domain == "canary":
            continue
        ids.append(event["meta"]["id"])
        at = datetime.fromisoformat(event["meta"]["dt"])
        minute = at.replace(second=0, microsecond=0)
        is_edit = event["type"] in EDITS
        for place, counts in enumerate((True, is_edit, is_edit and event["bot"])):
            totals[domain, place] += counts
            minutes[minute, domain, place] += counts
    return Expected(
        ids=sorted(ids),
        totals={d: tuple(totals[d, i] for i in range(3)) for d, _ in totals},
        minutes={(m, d): tuple(minutes[m, d, i] for i in range(3)) for m, d, _ in minutes},
    )


def expected_of(stream: SampleStream, total: int) -> Expected:
    """What the first `total` events of the sample must become."""
    return count([stream.event(i) for i in range(total)])
