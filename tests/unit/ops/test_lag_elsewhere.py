"""The lag of a topic that is on a company's Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from weir.errors import Unavailable
from weir.ops.lag_reads import LagReader
from weir.settings import Settings


class Kafkas:
    """Each of them only says which topics it was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.away: set[str] = set()
        kafkas = self

        def fetch(reader: LagReader, positions: dict[str, Any]) -> dict[str, Any]:
            address = reader._settings.bootstrap
            kafkas.asked.append((address, sorted(positions)))
            if address in kafkas.away:
                raise Unavailable(address)
            return {topic: address for topic in positions}

        monkeypatch.setattr(LagReader, "_fetch_here", fetch)


@pytest.fixture
def kafkas(monkeypatch: pytest.MonkeyPatch) -> Kafkas:
    return Kafkas(monkeypatch)


def reader(folder: Path, **settings: Any) -> LagReader:
    return LagReader(Settings(_env_file=None, home=folder, kafka_bootstrap="own:9", **settings))


COMPANY = {"promo_in_bootstrap": "company:9", "promo_in_protocol": "plaintext"}
POSITIONS = {"promo-campaigns": {0: 1}, "promo-wakeups": {0: 1}}


def test_every_topic_is_looked_for_in_our_own_kafka(kafkas: Kafkas, tmp_path: Path) -> None:
    """As long as no other one is named."""
    assert reader(tmp_path).fetch(POSITIONS) == dict.fromkeys(POSITIONS, "own:9")


def test_a_company_is_asked_for_its_topic_alone(kafkas: Kafkas, tmp_path: Path) -> None:
    """A stream that falls behind there loses messages too."""
    found = reader(tmp_path, **COMPANY).fetch(POSITIONS)
    assert found == {"promo-campaigns": "company:9", "promo-wakeups": "own:9"}
    assert kafkas.asked == [("own:9", ["promo-wakeups"]), ("company:9", ["promo-campaigns"])]


def test_a_company_that_does_not_answer_hides_no_other_lag(kafkas: Kafkas, tmp_path: Path) -> None:
    """Its trouble is not that of every stream."""
    kafkas.away = {"company:9"}
    assert reader(tmp_path, **COMPANY).fetch(POSITIONS) == {"promo-wakeups": "own:9"}


def test_our_own_kafka_that_does_not_answer_is_told(kafkas: Kafkas, tmp_path: Path) -> None:
    """Unknown is not zero."""
    kafkas.away = {"own:9"}
    with pytest.raises(Unavailable):
        reader(tmp_path, **COMPANY).fetch(POSITIONS)
