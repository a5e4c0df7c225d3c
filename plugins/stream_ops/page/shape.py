"""The answers of the page's API, made of what the control room knows. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from stream_ops.page.access import dag_of
from weir.serving.room.cards import Card, Closely
from weir.serving.room.room import Overview

May = Callable[[str], bool]


def links_of(card: Card) -> dict[str, str]:
    """Name -> address on this Airflow, or of the driver. What does not work now is left out."""
    stream = card.stream
    own = {"Spark UI": f"/weir/go/{stream}/spark-ui"} if card.ui_url else {}
    log = {"Driver log": f"/weir/go/{stream}/log"} if card.driver_id else {}
    dag = {"DAG": f"/dags/{dag_of(stream)}", "Orders by DAG": "/dags/stream_control"}
    return own | log | dag


def row_of(card: Card, may_change: bool) -> dict[str, Any]:
    """One stream, and what the person who asks may do with it."""
    return asdict(card) | {"links": links_of(card), "may_change": may_change}


def overview_of(overview: Overview, may_see: May, may_change: May) -> dict[str, Any]:
    """The streams that the person may see, and every collector."""
    seen = [card for card in overview.streams if may_see(card.stream)]
    return {
        "now": overview.now,
        "streams": [row_of(card, may_change(card.stream)) for card in seen],
        "sources": [asdict(source) for source in overview.sources],
    }


def stream_of(closely: Closely, may_change: bool) -> dict[str, Any]:
    """One stream with its past."""
    answer = asdict(closely)
    levels = answer.pop("levels")
    return answer | {
        "row": row_of(closely.row, may_change),
        "findings": [
            {"level": level, "words": finding.words, "advice": finding.next_step}
            for level, finding in zip(levels, closely.findings, strict=True)
        ],
    }
