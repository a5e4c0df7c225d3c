"""Where to resume."""

import orjson
import pytest

from weir.errors import ContractError
from weir.sources.wikimedia.cursor import MAX_PLACES, Positions, restore_positions
from weir.sources.wikimedia.parse import Place

EQIAD, CODFW = Place("eqiad.rc", 0), Place("codfw.rc", 0)


def resume_of(positions: Positions) -> dict[str, int]:
    rows = orjson.loads(positions.last_event_id())
    return {row["topic"]: row["timestamp"] for row in rows}


def test_nothing_seen_asks_for_nothing():
    """A first start begins at the latest event."""
    assert Positions().last_event_id() is None


def test_each_topic_resumes_five_seconds_before_its_own_position():
    """An idle data centre must not rewind the active one by hours."""
    positions = Positions()
    positions.advance(EQIAD, 9_000_000)
    positions.advance(CODFW, 1_000_000)
    assert resume_of(positions) == {"eqiad.rc": 8_995_000, "codfw.rc": 995_000}


def test_a_topic_that_was_never_seen_starts_before_the_oldest_seen_one():
    """Latest would lose its first events when the data centre switches while we are away."""
    positions = Positions()
    positions.advance(EQIAD, 9_000_000)
    positions.note({EQIAD, CODFW})
    assert resume_of(positions) == {"eqiad.rc": 8_995_000, "codfw.rc": 8_995_000}


def test_a_position_never_goes_back():
    """A rewound connection repeats old positions."""
    positions = Positions()
    positions.advance(EQIAD, 9_000_000)
    positions.advance(EQIAD, 8_000_000)
    assert positions.seen == {EQIAD: 9_000_000}


def test_ids_that_name_ever_new_topics_do_not_grow_the_cursor_for_ever():
    """The cursor is written with each transaction and sent as a header."""
    positions = Positions()
    for number in range(100):
        positions.advance(Place(f"dc{number}", 0), 5_000)
        positions.note({Place(f"other{number}", 0)})
    assert (len(positions.seen), len(positions.unseen)) == (MAX_PLACES, MAX_PLACES)


def test_a_committed_cursor_restores_the_same_resume():
    """What a killed collector had committed is where its successor goes on."""
    positions = Positions()
    positions.advance(EQIAD, 9_000_000)
    positions.note({CODFW})
    stored = orjson.loads(orjson.dumps(positions.as_cursor("sample")))
    assert stored["mode"] == "sample"
    assert restore_positions(stored).last_event_id() == positions.last_event_id()


@pytest.mark.parametrize("stored", [{}, {"positions": 5, "unseen": []}, {"positions": [{}]}])
def test_a_cursor_that_is_not_ours_is_refused(stored: dict):
    """Going on from a guess would lose or repeat events."""
    with pytest.raises(ContractError, match="cursor cannot be read"):
        restore_positions(stored)
