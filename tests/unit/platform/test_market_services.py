"""The market's own service is there when the market is wanted, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from weir.platform import up
from weir.platform.catalogue import components
from weir.platform.component import Component
from weir.platform.layout import Layout
from weir.settings import Settings


def relays(folder: Path, wanted: str) -> list[Component]:
    settings = Settings(_env_file=None, home=folder, with_=wanted)
    return [c for c in components(Layout(settings)) if c.name == "market-relay"]


@pytest.mark.parametrize(("wanted", "there"), [("", 0), ("promo", 0), ("market", 1), ("all", 1)])
def test_the_relay_of_bans_comes_with_the_market(tmp_path: Path, wanted: str, there: int) -> None:
    """The default start stays as small as it is."""
    assert len(relays(tmp_path, wanted)) == there


def test_it_starts_when_its_tables_and_topics_are_there(tmp_path: Path) -> None:
    """It would complain until then, and a start that complains looks broken."""
    (relay,) = relays(tmp_path, "market")
    assert relay.argv[-2:] == ["market", "relay"]
    assert relay.after == ("postgres", "kafka")
    assert up._steps_before(relay) == ("schema", "topics")
