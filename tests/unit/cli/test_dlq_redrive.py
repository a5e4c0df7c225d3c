"""`weir dlq redrive`: what a person says, and what a person is told."""

from __future__ import annotations

import pytest

from weir.cli.dlq_redrive import assumed, count_open, fate
from weir.errors import SettingError
from weir.ops.redrive_wish import Found, Planned, transactions


def found(state: str, letters: int = 1) -> Found:
    return Found(topic="t", refused_by="s.q", reason="odd", state=state, letters=letters)


@pytest.mark.parametrize(
    ("assume", "republish", "published"),
    [(-1, -1, None), (12, -1, 12), (0, -1, 0), (-1, 12, 11), (-1, 0, 0)],
)
def test_sending_number_12_again_means_that_everything_before_it_was_sent(
    assume: int, republish: int, published: int | None
) -> None:
    """One number is kept, that of the last one sent."""
    assert assumed(assume, republish) == published


def test_both_ways_out_at_once_are_refused() -> None:
    """They contradict each other."""
    with pytest.raises(SettingError):
        assumed(12, 12)


def test_a_plan_counts_what_would_be_sent_and_says_why_the_rest_stays() -> None:
    """A person compares the number with what was repaired."""
    letters = [found("open", 5), found("sent", 7), found("cut"), found("before Kafka", 2)]
    assert count_open(letters) == 5
    assert [fate(each) for each in letters] == [
        "sent",
        "left: sent before",
        "left: longer than what is kept",
        "left: refused before it was in a topic",
    ]


def test_a_transaction_is_bounded_in_letters_and_bytes_and_takes_a_large_one_alone() -> None:
    """Letters of 10 MB are allowed; five hundred of them at once are not."""
    sizes = [1, 1, 1, 50, 5, 5, 5]
    planned = (
        Planned(dedupe_key=str(n), topic="t", partition=0, offset=n, size_bytes=size)
        for n, size in enumerate(sizes)
    )
    cut = transactions(planned, letters=2, size_bytes=10)
    assert [[letter.size_bytes for letter in chunk] for chunk in cut] == [
        [1, 1],
        [1],
        [50],
        [5, 5],
        [5],
    ]
