"""The shop of sample products runs with a local market, and never beside somebody's own shops."""

from __future__ import annotations

from pathlib import Path

import pytest

from weir.platform.catalogue import components
from weir.platform.layout import Layout
from weir.settings import Settings


@pytest.mark.parametrize(
    ("settings", "there"),
    [
        ({"with_": ""}, False),
        ({"with_": "market"}, True),
        ({"with_": "market", "market_samples": False}, False),
        ({"with_": "market", "kafka_bootstrap": "theirs:9092"}, False),
    ],
)
def test_sample_products_are_sent_only_into_a_market_of_ones_own(
    tmp_path: Path, settings: dict[str, object], there: bool
) -> None:
    """Made-up offers among real ones would be bought."""
    layout = Layout(Settings(_env_file=None, home=tmp_path, **settings))
    found = {component.name: component for component in components(layout)}
    assert ("market-shop" in found) is there
    if there:
        assert found["market-shop"].argv[-3:] == ["shop", "send", "--continuous"]
        assert not found["market-shop"].healthy()
