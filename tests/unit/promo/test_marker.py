"""When a marker is believed."""

from __future__ import annotations

import pytest

from weir.errors import ContractError
from weir.kafka.identity import TopicIdentity
from weir.promo.marker import Ledger, Marker, judge_marker
from weir.promo.publish import parse_marker

HERE = TopicIdentity("cluster", "topic")


def test_the_first_start_of_all_begins_at_nothing() -> None:
    """No marker, no ledger: the stream is new."""
    assert judge_marker("s", None, HERE, Ledger(newest=0, identity=None)) == Marker(seq=0)


def test_before_the_first_batch_any_topic_will_do() -> None:
    """Nothing was sealed, so nothing can have been published."""
    ledger = Ledger(newest=0, identity=TopicIdentity("other", "one"))
    assert judge_marker("s", None, HERE, ledger) == Marker(seq=0)


def test_a_marker_of_this_ledger_is_believed() -> None:
    """Also when newer batches wait."""
    marker = Marker(seq=3, chunk=2, digest="d")
    assert judge_marker("s", marker, HERE, Ledger(newest=5, identity=HERE, digest="d")) == marker


@pytest.mark.parametrize(
    ("marker", "ledger", "words"),
    [
        (None, Ledger(newest=1, identity=HERE), "is empty, the ledger is not"),
        (None, Ledger(newest=1, identity=None), "is empty, the ledger is not"),
        (Marker(seq=6), Ledger(newest=5, identity=HERE), "is at 6, ahead of the ledger"),
        (Marker(seq=1), Ledger(newest=0, identity=None), "is at 1, ahead of the ledger"),
        (Marker(seq=1), Ledger(newest=1, identity=TopicIdentity("other", "topic")), "another one"),
        (
            Marker(seq=1),
            Ledger(newest=1, identity=TopicIdentity("cluster", "other")),
            "another one",
        ),
        (Marker(seq=1, digest="d"), Ledger(newest=1, identity=HERE, digest="e"), "is another one"),
        (Marker(seq=1, digest="d"), Ledger(newest=1, identity=HERE), "is another one"),
    ],
)
def test_a_marker_that_does_not_fit_is_for_a_person(
    marker: Marker | None, ledger: Ledger, words: str
) -> None:
    """The error names both ways out."""
    with pytest.raises(ContractError, match=words) as refused:
        judge_marker("s", marker, HERE, ledger)
    assert "--assume-published" in refused.value.hint
    assert "--republish-from" in refused.value.hint


def test_a_record_that_is_no_marker_is_refused() -> None:
    """Somebody else wrote into the progress topic."""
    with pytest.raises(ContractError, match="does not hold a marker"):
        parse_marker("s", {"cursor": 1})
