"""Declarations of streams for tests: the shape of include/streams.yaml, small."""

from __future__ import annotations

from typing import Any

from weir.ops.streams import StreamSpec, parse_stream

WIKIMEDIA: dict[str, Any] = {
    "job": "window_counts",
    "topic": "wikimedia_events",
    "source": "wikimedia",
    "key": {"path": "meta.domain", "column": "domain", "max_chars": 255},
    "time": {"path": "meta.dt"},
    "pane_seconds": 60,
    "accepted": {"days_back": 30, "minutes_ahead": 5},
    "fields": {
        "type": {"path": "type", "as": "string"},
        "bot": {"path": "bot", "as": "boolean"},
    },
    "measures": {
        "changes": {},
        "edits": {"type": ["edit", "new"]},
        "bot_edits": {"type": ["edit", "new"], "bot": [True]},
    },
    "tables": {"windows": "wikimedia.domain_minute", "totals": "wikimedia.domain_total"},
    "cache": "wikimedia",
    "trigger_ms": 100,
    "max_refusal_share": 0.5,
    "resources": {
        "driver_memory_mb": 512,
        "executor_memory_mb": 640,
        "executor_cores": 2,
        "shuffle_partitions": 2,
    },
}


def wikimedia_spec(name: str = "wikimedia_domain_counts", **changes: Any) -> StreamSpec:
    """The Wikimedia declaration with some values changed."""
    return parse_stream(name, WIKIMEDIA | changes)
