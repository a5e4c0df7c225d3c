"""Answers that are kept for a moment."""

from __future__ import annotations

import pytest

from weir.serving.kept import Kept


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def kept(clock):
    return Kept(2.0, clock)


def test_a_second_question_in_the_same_moment_reads_nothing(kept):
    """Ten browsers cost as much as one."""
    read = iter([1, 2])
    assert [kept.get("a", lambda: next(read)) for _ in range(3)] == [1, 1, 1]


def test_an_old_answer_is_read_anew(kept, clock):
    """A page that tells old news is worse than none."""
    read = iter([1, 2])
    kept.get("a", lambda: next(read))
    clock.now = 2.0
    assert kept.get("a", lambda: next(read)) == 2


def test_a_forgotten_answer_is_read_anew(kept):
    """Who pressed a button sees what it did."""
    read = iter([1, 2])
    kept.get("a", lambda: next(read))
    kept.forget()
    assert kept.get("a", lambda: next(read)) == 2


def test_a_failed_read_is_not_kept(kept):
    """The next question tries again."""
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: 1) == 1
