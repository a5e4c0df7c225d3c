"""What the form of `dead_letter_redrive` shows, from a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream_ops import redriving
from tests.support.letters import letter
from tests.support.stores import own_database
from weir.kafka.dead_letters import store
from weir.ops.redrive_ledger import seal
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform
EMPTY = {"topic": None, "reasons": None, "refused_by": None}


def test_the_plan_says_how_many_letters_of_which_kind_would_be_sent(
    platform: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person compares it with what was repaired, before anything is sent."""
    with own_database(platform, tmp_path) as own:
        monkeypatch.setattr(redriving, "load_settings", lambda: own)
        assert redriving.look(EMPTY) == ["no letter is meant"]
        with connect(own.dsn_file, application_name="test") as connection:
            store(connection, [letter("a", 1), letter("a", 2), letter("b", 1, reason="odd")])
            store(connection, [letter("a", None, source="wikimedia")])
            seal(connection, "again", ["a/0/2"], asked_by="test", via="cli")
        assert sorted(redriving.look(EMPTY | {"topic": "a"})) == [
            "1 before Kafka: a, counts.counts, missing id",
            "1 open: a, counts.counts, missing id",
            "1 sent: a, counts.counts, missing id",
        ]
        assert redriving.look(EMPTY | {"reasons": ["odd"]}) == ["1 open: b, counts.counts, odd"]
