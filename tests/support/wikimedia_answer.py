"""One answer of /stats, written by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from weir.contracts.stats import (
    Bots,
    Direction,
    Domain,
    Lag,
    LastMinute,
    Source,
    Stats,
    Totals,
    Trend,
)
from weir.serving.stats import SAMPLE_NOTE

NOW = datetime(2026, 1, 1, 12, 34, 56, tzinfo=UTC)
STATS = Stats(
    source=Source(name="wikimedia", mode="sample", note=SAMPLE_NOTE),
    as_of=NOW,
    answered_at=NOW,
    lag=Lag(messages=1200, seconds=3.25),
    offsets={"wikimedia_events": {0: 4}},
    served_from="redis",
    reason=None,
    bots=Bots.INCLUDE,
    window=None,
    totals=Totals(domains=1, changes=4321, edits=1234, bot_edits=7),
    last_minute=LastMinute(start=NOW, end=NOW, edits=55),
    domains=[
        Domain(
            domain="de.wikipedia.org",
            changes=4321,
            edits=1234,
            bot_edits=7,
            edits_last_minute=55,
            trend=Trend(direction=Direction.UP, change_share=0.5),
        )
    ],
)
