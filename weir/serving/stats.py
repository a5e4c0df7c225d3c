"""From counts to the answer of `/stats`. Pure: the same input gives the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from weir.contracts.stats import (
    Bots,
    Direction,
    Domain,
    LastMinute,
    Source,
    Stats,
    Totals,
    Trend,
    Window,
)
from weir.serving.question import Question
from weir.serving.surroundings import Surroundings, lag_of
from weir.store.wikimedia_counts import MINUTE, Counts, CountsRead

SAMPLE_NOTE = "sample data from a local generator, not real edits"
FLAT_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class Served:
    """Counts, where they were read, and why not from Redis."""

    counts: CountsRead
    served_from: Literal["redis", "postgres"]
    reason: str | None = None


def build_stats(question: Question, served: Served, around: Surroundings) -> Stats:
    """The answer: at most `limit` domains, most edits first, then by name."""
    counts = served.counts
    last = question.last_minute
    known = _is_whole(counts, last)
    edits_last_minute = sum(edits(c, question.bots) for c in counts.minutes[last].values())
    domains = [
        Domain(
            domain=domain,
            changes=c.changes,
            edits=edits(c, question.bots),
            bot_edits=c.bot_edits,
            edits_last_minute=_in_minute(counts, last, domain, question.bots) if known else None,
            trend=_trend_of(counts, domain, question) if known else None,
        )
        for domain, c in top(counts.domains, question.bots, question.limit)
    ]
    return Stats(
        source=Source(
            name="wikimedia",
            mode=around.mode,
            note=SAMPLE_NOTE if around.mode == "sample" else None,
        ),
        as_of=counts.as_of_utc,
        answered_at=question.now_utc,
        lag=lag_of(counts.offsets, around, question.now_utc),
        offsets=counts.offsets,
        served_from=served.served_from,
        reason=served.reason,
        bots=question.bots,
        window=question.within and Window(start=question.within.start, end=question.within.end),
        totals=Totals(
            domains=len(counts.domains),
            changes=sum(c.changes for c in counts.domains.values()),
            edits=sum(edits(c, question.bots) for c in counts.domains.values()),
            bot_edits=sum(c.bot_edits for c in counts.domains.values()),
        ),
        last_minute=LastMinute(
            start=last, end=last + MINUTE, edits=edits_last_minute if known else None
        ),
        domains=domains,
    )


def edits(counts: Counts, bots: Bots) -> int:
    """The edits a person asked for."""
    return counts.edits - (counts.bot_edits if bots is Bots.EXCLUDE else 0)


def top(domains: dict[str, Counts], bots: Bots, limit: int) -> list[tuple[str, Counts]]:
    """The `limit` domains with most edits; equal ones by name, so that an answer is stable."""
    return sorted(domains.items(), key=lambda item: (-edits(item[1], bots), item[0]))[:limit]


def trend(edits_last_minute: int, before: list[int]) -> Trend | None:
    """Compare with the mean of the minutes `before`; None when there are none to compare with."""
    if not before:
        return None
    mean = sum(before) / len(before)
    if mean == 0:
        direction = Direction.NEW if edits_last_minute else Direction.FLAT
        return Trend(direction=direction, change_share=None)
    change = round(edits_last_minute / mean - 1, 3)
    if abs(change) <= FLAT_SHARE:
        direction = Direction.FLAT
    else:
        direction = Direction.UP if change > 0 else Direction.DOWN
    return Trend(direction=direction, change_share=change)


def _trend_of(counts: CountsRead, domain: str, question: Question) -> Trend | None:
    whole = [minute for minute in question.baseline if _is_whole(counts, minute)]
    return trend(
        _in_minute(counts, question.last_minute, domain, question.bots),
        [_in_minute(counts, minute, domain, question.bots) for minute in whole],
    )


def _is_whole(counts: CountsRead, minute: datetime) -> bool:
    """Collecting began somewhere in the first counted minute; what was before is not zero."""
    return counts.oldest_minute is not None and minute > counts.oldest_minute


def _in_minute(counts: CountsRead, minute: datetime, domain: str, bots: Bots) -> int:
    return edits(counts.minutes[minute].get(domain, Counts(0, 0, 0)), bots)
