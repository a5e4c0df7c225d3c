"""Recommendations on the real cluster: asked, answered, banned, and the driver killed in between.

The tests share one stream and go on from each other, because a driver takes seconds to start.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.support.eventually import eventually
from tests.support.market_shelf import found
from tests.support.recommend_stream import RecommendStream, recommend_stream
from weir.contracts.recommendation import Answer
from weir.kafka.declared import dlq_of
from weir.kafka.reader import read_range
from weir.market.recommend_ask import Asker
from weir.settings import Settings

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]

SEARCHES = "select product_id, searches from market.popularity order by 1"


@pytest.fixture(scope="module")
def stream(
    platform: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RecommendStream]:
    """One stream for all tests of this module; it has answered already."""
    with recommend_stream(platform, tmp_path_factory.mktemp("recommend")) as stream:
        stream.shelf.clear()
        for product in ("watch", "phone", "tv"):
            stream.shelf.offer(product, price=Decimal(1000))
        stream.shelf.offer("book", "Книги", price=Decimal(10))
        stream.start()
        yield stream


@pytest.fixture(scope="module")
def asker(stream: RecommendStream) -> Iterator[Asker]:
    with stream.asker() as asker:
        stream.wait_until_it_answers(asker)
        yield asker


def names(answer: Answer | None) -> list[str]:
    assert answer is not None
    return [item.product_id for item in answer.items]


def test_what_is_searched_is_recommended_and_a_ban_ends_that_at_once(
    stream: RecommendStream, asker: Asker
):
    """The stream is told nothing of the ban: it looks."""
    now = datetime.now(UTC)
    stream.search(found("watch", "phone", at=now), found("watch", user="anna", at=now))
    stream.wait_until_counted()
    assert names(asker.ask(stream.request(limit=2))) == ["watch", "phone"]
    assert names(asker.ask(stream.request(max_price="10"))) == ["book"]
    stream.shelf.ban("SKU-wat", "sku_prefix")
    for _ in range(3):
        assert "watch" not in names(asker.ask(stream.request(user="anna")))


def test_a_killed_driver_counts_every_search_once_and_answers_again(
    stream: RecommendStream, asker: Asker
):
    """Searches that come while nobody counts them are not lost; nor are they counted twice."""
    before = dict(stream.shelf.rows(SEARCHES)).get("tv", 0)
    now = datetime.now(UTC)
    for number in range(200):
        stream.search(found("tv", at=now, search_id=f"s{number}"))
        if number == 100:
            stream.kill()
    assert asker.ask(stream.request(patience_seconds=240.0)) is not None
    stream.wait_until_counted()
    assert dict(stream.shelf.rows(SEARCHES))["tv"] == before + 200


def test_a_request_whose_deadline_is_over_gets_no_answer_and_bad_ones_become_dead_letters(
    stream: RecommendStream, asker: Asker
):
    """Each is accounted for; the stream goes on."""
    over = stream.request(patience_seconds=0.001)
    assert asker.ask(over) is None
    stream.send(stream.spec.topic, b"{", b"null", None)
    stream.send(stream.spec.searches_topic, b"[]", b"\xff")
    letters = eventually(
        lambda: stream.shelf.rows("select reason, value from ops.dead_letter order by 1, 2"),
        lambda rows: len(rows) >= 5,
    )
    assert letters == [
        ("not_an_object", b"[]"),
        ("not_an_object", b"null"),
        ("not_json", b"{"),
        ("not_utf8", b"\xff"),
        ("tombstone", None),
    ]
    dead = read_range(stream.settings, dlq_of(stream.spec.topic))
    assert {message.value for message in dead} == {b"{", b"null", None}
    assert asker.ask(stream.request()) is not None
    keys = {message.key for message in read_range(stream.settings, stream.spec.answers_topic)}
    assert over.correlation_id.encode() not in keys
    ((expired,),) = stream.shelf.rows("select sum(expired) from market.answer_minute")
    assert expired >= 1


def test_the_way_of_a_probe_is_timed(stream: RecommendStream):
    """Nobody may ask for a night; without a probe an idle stream says nothing of its health."""
    timed = "select probe_ms from ops.stream_progress where probe_ms is not null"
    ((way_ms,), *_) = eventually(lambda: stream.shelf.rows(timed), bool)
    assert 0 <= way_ms < 60_000
