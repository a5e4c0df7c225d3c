"""What a batch of searches and requests is taken apart into."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from spark_jobs.market_recommend.transforms import Sorted, sort_out
from weir.contracts.recommendation import Request, request_json
from weir.contracts.search_event import SearchEvent, search_json
from weir.ops.probe import probe_key

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
SEARCH = SearchEvent(search_id="s", query="часы", searched_at_ms=NOW_MS, products=("p",), found=1)
REQUEST = Request(correlation_id="c", asked_at_ms=NOW_MS, deadline_ms=NOW_MS + 1000)


def row(topic: str, value: bytes | None, offset: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "topic": topic,
        "partition": 0,
        "offset": offset,
        "timestamp": NOW + timedelta(milliseconds=offset),
        "has_key": True,
        "probe": None,
        "value_bytes": None if value is None else len(value),
        "value": value,
    } | changes


def sorted_out(*rows: dict[str, Any]) -> Sorted:
    return sort_out(rows, "requests", NOW)


def test_searches_requests_probes_and_refusals_go_their_own_ways():
    """In the order in which Kafka got them."""
    probe = probe_key("market_recommend", 5)
    found = sorted_out(
        row("searches", search_json(SEARCH), 3),
        row("requests", request_json(REQUEST), 1),
        row("requests", b"{}", 2, probe=probe),
        row("requests", b"{}", 4),
        row("searches", None, 5),
    )
    assert found == Sorted(
        searches=(SEARCH,),
        requests=(REQUEST,),
        refused={("requests", 0, 4): "unknown_version", ("searches", 0, 5): "tombstone"},
        messages=4,
        probes=(probe,),
        first_at=NOW + timedelta(milliseconds=1),
        last_at=NOW + timedelta(milliseconds=5),
    )


def test_each_topic_has_its_own_contract():
    """A request among the searches is no search, and the other way round."""
    found = sorted_out(
        row("searches", request_json(REQUEST), 1), row("requests", search_json(SEARCH), 2)
    )
    assert found.refused == {
        ("searches", 0, 1): "missing_field",
        ("requests", 0, 2): "missing_field",
    }


def test_what_was_too_large_to_be_read_is_refused_by_its_length():
    """Its value stayed in Kafka."""
    found = sorted_out(row("searches", None, 1, value_bytes=10_000_000))
    assert found.refused == {("searches", 0, 1): "too_large"}


@pytest.mark.parametrize(
    ("shift", "refused"),
    [
        (timedelta(minutes=4), False),
        (timedelta(minutes=6), True),
        (timedelta(days=-29), False),
        (timedelta(days=-31), True),
        (timedelta(days=365_000), True),
    ],
)
def test_a_search_of_another_time_is_refused(shift: timedelta, refused: bool):
    """One search of the year 3025 would make its products popular until then."""
    at_ms = NOW_MS + int(shift.total_seconds() * 1000)
    value = orjson.dumps(orjson.loads(search_json(SEARCH)) | {"searched_at_ms": at_ms})
    found = sorted_out(row("searches", value))
    assert (found.refused == {("searches", 0, 0): "time_out_of_range"}) is refused
    assert (len(found.searches) == 0) is refused


def test_a_batch_without_messages_is_nothing():
    """A slice that a failing batch is cut into may hold none."""
    assert sorted_out() == Sorted(searches=(), requests=(), refused={}, messages=0)
