"""Dead letters of a batch on their way into the topic and the table."""

from __future__ import annotations

from typing import Any

import pytest

from spark_jobs.lib.refusals import letters, sent
from tests.support.letters import letter
from weir.errors import ContractError
from weir.kafka import dead_letters
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.kafka.record import Message


def message(offset: int) -> Message:
    return Message("news", 0, offset, b"k", b"%d" % offset, (), None)


def test_only_what_was_refused_is_read_again_and_nothing_may_be_missing() -> None:
    """A refused message that is gone before it was kept is lost: that is no small thing."""
    there = [message(offset) for offset in range(3, 8)]
    found = letters("news", {(0, 3): "odd", (0, 7): "late"}, "q", lambda *_: iter(there), "anew")
    assert [(it.dedupe_key, it.reason) for it in found] == [
        ("news/0/3@anew", "odd"),
        ("news/0/7@anew", "late"),
    ]
    with pytest.raises(ContractError, match="1 refused messages of news are gone"):
        list(letters("news", {(0, 3): "odd", (0, 9): "late"}, "q", lambda *_: iter(there)))


def test_all_letters_are_confirmed_when_the_last_one_was_taken() -> None:
    """The table may be committed only after that; and without letters no producer is opened."""
    log = MemoryLog()
    publisher = MemoryPublisher(log)
    walk = sent(lambda: publisher, [letter("news", 1), letter("news", 2)])
    assert (next(walk).offset, next(walk).offset, log.of("news.dlq")) == (1, 2, [])
    assert list(walk) == []
    assert [record.value for record in log.of("news.dlq")] == [b"1", b"2"]
    assert list(sent(pytest.fail, [])) == []


@pytest.mark.parametrize(("limit", "value"), [("STORE_LETTERS", 2), ("STORE_BYTES", 200)])
def test_letters_are_stored_a_few_at_a_time(
    limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch may hold thousands of ten megabytes."""
    stored: list[list[Any]] = []
    monkeypatch.setattr(dead_letters, limit, value)
    monkeypatch.setattr(
        dead_letters, "store", lambda _, some, *, attempts: stored.append(some) or len(some)
    )
    found = [letter("news", n, value=b"x" * 99) for n in range(5)]
    assert dead_letters.store_all(None, iter(found)) == 5  # type: ignore[arg-type]
    assert [len(some) for some in stored] == [2, 2, 1]
