"""Promo's own service is there when promo is wanted, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from weir.platform import up
from weir.platform.catalogue import components
from weir.platform.component import Component
from weir.platform.layout import Layout
from weir.settings import Settings


def service_of(folder: Path, wanted: str) -> list[Component]:
    settings = Settings(_env_file=None, home=folder, with_=wanted)
    return [c for c in components(Layout(settings)) if c.name == "promo-wake"]


@pytest.mark.parametrize(("wanted", "there"), [("", 0), ("promo", 1), ("all", 1)])
def test_the_waking_service_comes_with_promo(tmp_path: Path, wanted: str, there: int) -> None:
    """The default start stays as small as it is."""
    assert len(service_of(tmp_path, wanted)) == there


def test_it_starts_when_its_tables_and_topics_are_there(tmp_path: Path) -> None:
    """It would complain until then, and a start that complains looks broken."""
    (service,) = service_of(tmp_path, "promo")
    assert service.argv[-2:] == ["promo", "wake"]
    assert service.after == ("postgres", "kafka")
    assert up._steps_before(service) == ("schema", "topics")
