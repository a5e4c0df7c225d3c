"""Declarations of streams."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.stream_specs import WIKIMEDIA, wikimedia_spec
from weir.errors import SettingError
from weir.ops.streams import find_stream, load_streams
from weir.settings import Settings


def test_the_shipped_file_declares_every_stream() -> None:
    """`weir up` starts what this file says; an empty file would start nothing and look fine."""
    streams = load_streams()
    assert {name: spec.topic for name, spec in streams.items()} == {
        "wikimedia_domain_counts": "wikimedia_events",
        "promo_join": "promo-campaigns",
        "market_banned_filter": "shop-products",
        "market_catalogue": "filtered-products",
        "market_statistics": "filtered-products",
        "market_recommend": "client-recommendations",
    }


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"pane_seconds": 0}, "pane_seconds is 0"),
        ({"pane_second": 60}, "pane_second is 60"),
        ({"max_refusal_share": 1.5}, "max_refusal_share is 1.5"),
        ({"accepted": {"days_back": 0, "minutes_ahead": 5}}, "accepted.days_back is 0"),
        ({"tables": {"windows": "x; drop", "totals": "a.b"}}, "tables.windows is 'x; drop'"),
        ({"measures": {"edits": {"kind": ["a"]}}}, "measure edits looks at 'kind'"),
        ({"measures": {"edits": {"type": []}}}, "measure edits: type is a string"),
        ({"measures": {"bots": {"bot": ["yes"]}}}, "measure bots: bot is a boolean"),
        ({"time": {"path": "meta"}}, "path meta is a text and a parent"),
    ],
)
def test_a_wrong_declaration_names_the_stream_the_field_and_the_value(
    changes: dict[str, Any], complaint: str
) -> None:
    """A typo must stop the start, not count something else."""
    with pytest.raises(SettingError) as caught:
        wikimedia_spec(**changes)
    assert caught.value.what.startswith("streams: wikimedia_domain_counts: ")
    assert complaint in caught.value.what


def test_a_stream_name_too_long_for_a_connection_name_is_refused() -> None:
    """PostgreSQL cuts application_name at 63 bytes; a takeover would then miss connections."""
    with pytest.raises(SettingError, match="name is"):
        wikimedia_spec("w" * 41)


def test_a_declaration_cannot_be_changed_after_it_was_read() -> None:
    """Threads share it."""
    with pytest.raises(ValidationError):
        wikimedia_spec().pane_seconds = 5  # type: ignore[misc]


def test_an_unknown_stream_is_answered_with_the_names_there_are() -> None:
    """The way out of a typo."""
    with pytest.raises(SettingError) as caught:
        find_stream("wikimedia")
    assert "wikimedia_domain_counts" in caught.value.hint


def test_the_test_declaration_has_the_fields_of_the_shipped_one() -> None:
    """Else the tests would prove another stream."""
    shipped = find_stream("wikimedia_domain_counts").model_dump(by_alias=True)
    changed = {"trigger_ms", "resources", "probe_seconds"}
    ours = wikimedia_spec().model_dump(by_alias=True)
    assert {k: v for k, v in ours.items() if k not in changed} == {
        k: v for k, v in shipped.items() if k not in changed
    }
    assert WIKIMEDIA["resources"].keys() == shipped["resources"].keys()


def test_one_worker_has_room_for_every_stream_a_takeover_and_a_batch() -> None:
    """Without room an application waits for ever, and its driver looks alive."""
    sizes = [each.resources for each in load_streams().values()]
    slots = [1 + each.executor_cores for each in sizes]
    memory_mb = [each.driver_memory_mb + each.executor_memory_mb for each in sizes]
    batch_slots, batch_mb = 2, 640
    offered = Settings(_env_file=None)
    assert sum(slots) + max(slots) + batch_slots <= offered.spark_worker_cores
    assert sum(memory_mb) + max(memory_mb) + batch_mb <= offered.spark_worker_memory_mb
