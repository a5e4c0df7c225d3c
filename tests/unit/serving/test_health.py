"""When the API calls itself healthy."""

from __future__ import annotations

import pytest

from weir.serving.health import judge_health


@pytest.mark.parametrize(
    ("redis", "trouble", "status"),
    [
        ("ok", {}, "ok"),
        ("away", {}, "degraded"),
        ("ok", {"kafka": "away"}, "degraded"),
        ("ok", {"postgres": "away"}, "degraded"),
        ("away", {"postgres": "away"}, "down"),
    ],
)
def test_counts_can_be_served_as_long_as_one_store_answers(redis, trouble, status):
    """A restart of the API would not bring Kafka back."""
    assert judge_health(redis, trouble).status == status


def test_the_service_that_is_away_is_named_with_its_reason():
    """The person reads where to look."""
    assert judge_health("ok", {"kafka": "no route"}).services == {
        "postgres": "ok",
        "redis": "ok",
        "kafka": "no route",
    }
