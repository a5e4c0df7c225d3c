"""The catalogue on the real cluster, with its driver killed in the middle."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator

import pytest

from tests.support.catalogue_stream import CatalogueStream, catalogue_stream
from tests.support.eventually import eventually
from tests.support.offers import Said, offer, said
from weir.market.filtered import EVENTS, PRODUCTS, Change
from weir.settings import Settings

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]

PRODUCTS_IN_ALL = 300
STATES = {
    Change.ALLOWED: "listed",
    Change.READMITTED: "listed",
    Change.BLOCKED: "blocked",
    Change.RETRACTED: "blocked",
    Change.DELETED: "gone",
}


@pytest.fixture(scope="module")
def stream(
    platform: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CatalogueStream]:
    with catalogue_stream(platform, tmp_path_factory.mktemp("catalogue")) as found:
        found.start()
        yield found


def told(product_id: str, chooser: random.Random) -> list[Said]:
    """What the filter says of a product in its life: versions, and decisions about the last."""
    versions = chooser.randint(1, 5)
    records = [
        said(Change.ALLOWED, offer(product_id, price=str(n)), at=n, ban=1)
        for n in range(1, versions + 1)
    ]
    last = offer(product_id, price=str(versions))
    decisions = [Change.RETRACTED, Change.READMITTED, Change.RETRACTED]
    for ban, change in enumerate(decisions[: chooser.randint(0, 3)], 2):
        records.append(said(change, last, at=versions, ban=ban))
    if chooser.random() < 0.2:
        records.append(said(Change.DELETED, None, product=product_id, at=versions + 1, ban=9))
    return records


def test_after_a_death_in_the_middle_every_product_is_as_its_newest_version_says(
    stream: CatalogueStream,
) -> None:
    """In any order, each record twice, and strangers' records beside them."""
    chooser = random.Random(5)
    ids = [f"{uuid.uuid4().hex[:8]}-{n}" for n in range(PRODUCTS_IN_ALL)]
    lives = {product_id: told(product_id, chooser) for product_id in ids}
    records = [record for life in lives.values() for record in life] * 2
    chooser.shuffle(records)
    half = len(records) // 2
    stranger = f"stranger-{uuid.uuid4().hex}".encode()
    stream.send(*records[:half], Said(PRODUCTS, stranger, b"hello", ()))
    stream.wait_until_taken_in()
    epoch = stream.epoch()
    stream.send(*records[half:])
    stream.kill()
    stream.send(Said(EVENTS, stranger, None, ()))
    stream.wait_for_epoch(epoch + 1)
    stream.wait_until_taken_in()

    wanted = {}
    for product_id, life in lives.items():
        last = life[-1]
        change = next(Change(v.decode()) for name, v in last.headers if name == "change" and v)
        versions = sum(1 for record in life if b"allowed" in dict(record.headers).values())
        # What was deleted before it was ever taken in has no price.
        wanted[product_id] = (STATES[change], None if change is Change.DELETED else versions)
    found = {
        product_id: (state, None if state == "gone" else price)
        for product_id, (state, price) in stream.states(ids).items()
    }
    assert found == wanted
    letters = stream.rows(
        "select topic, reason from ops.dead_letter where key = %s order by topic", stranger
    )
    assert letters == [
        (EVENTS, "not written by the filter"),
        (PRODUCTS, "not written by the filter"),
    ]


def test_a_product_is_in_the_table_within_seconds_of_the_filters_word(
    stream: CatalogueStream,
) -> None:
    """A retraction that nobody sees is none."""
    product_id = uuid.uuid4().hex
    stream.send(said(Change.ALLOWED, offer(product_id)))
    eventually(lambda: stream.states([product_id]), bool, within_seconds=30)
