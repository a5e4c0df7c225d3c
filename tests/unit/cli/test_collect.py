"""`weir collect`: what a person types."""

import pytest

from weir.cli.collect import parse_duration
from weir.errors import SettingError


@pytest.mark.parametrize(
    ("text", "seconds"), [("", None), ("90", 90), ("60s", 60), ("1.5m", 90), ("1h", 3600)]
)
def test_a_duration_is_seconds_minutes_or_hours(text: str, seconds: float | None):
    """People write 60s and 10m."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["0", "-5s", "soon", "5d", "s"])
def test_a_duration_that_means_nothing_is_refused_with_an_example(text: str):
    """Running for ever by mistake is worse than an error."""
    with pytest.raises(SettingError, match="60s, 10m or 1h"):
        parse_duration(text)
