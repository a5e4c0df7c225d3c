"""Whether a topic is the one that the offsets belong to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weir.errors import ContractError
from weir.kafka.identity import TopicIdentity
from weir.ops.inputs import Known, is_another
from weir.ops.ledger import Place

PLACE = Place(stream="counts", query="q", topic="news")
HERE = TopicIdentity("cluster", "id")


def test_the_first_topic_and_the_same_one_are_just_read() -> None:
    """Every ordinary start."""
    assert not is_another(PLACE, None, HERE)
    assert not is_another(PLACE, Known(identity=HERE), HERE)
    assert not is_another(PLACE, Known(identity=HERE, anew_by="me"), HERE)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (replace(HERE, topic_id="old"), "it was made anew"),
        (replace(HERE, cluster_id="old"), "it is on another cluster"),
    ],
)
def test_another_topic_of_the_same_name_waits_for_a_person(
    before: TopicIdentity, words: str
) -> None:
    """At the old offsets it has other messages, which would be skipped in silence."""
    with pytest.raises(ContractError, match=words) as refused:
        is_another(PLACE, Known(identity=before), HERE)
    assert "weir streams start counts --new-input" in refused.value.hint
    assert is_another(PLACE, Known(identity=before, anew_by="me"), HERE)
