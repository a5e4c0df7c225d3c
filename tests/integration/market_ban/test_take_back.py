"""What the filter takes back and lets in again when a rule changes, on a real PostgreSQL."""

from __future__ import annotations

import orjson
import pytest

from tests.support.bans import BanDesk, prefix, product, sku
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.market.filtered import Change, read_mark
from weir.market.settle import Ends
from weir.market.take_back import Outlet, TakenBack, take_back

pytestmark = pytest.mark.platform

OUTLET = Outlet(
    source="shop-products", products="filtered-products", events="filtered-events", epoch=4
)
ENDS = {"filtered-products": {0: 3}, "filtered-events": {0: 0}}


class Filter:
    """One look after the other, on a broker in memory."""

    def __init__(self, desk: BanDesk) -> None:
        self.desk = desk
        self.log = MemoryLog()
        self.publisher = MemoryPublisher(self.log)
        self.waited = 0
        self.on_their_way: set[str] | None = set()
        self.asked: list[Ends] = []

    def looks(self) -> TakenBack:
        return take_back(
            self.desk.pg, self.publisher, OUTLET, lambda: ENDS, self._wait, self._unread
        )

    def _unread(self, stands: Ends, _ends: Ends) -> set[str] | None:
        self.asked.append(stands)
        return self.on_their_way

    def _wait(self, _seconds: float) -> None:
        self.waited += 1

    def wrote(self) -> list[tuple[str, str, Change | None, bool]]:
        """Topic, product, change, and whether there is a value."""
        return [
            (
                record.topic,
                (record.key or b"").decode(),
                mark.change if (mark := read_mark(record.headers)) else None,
                record.value is not None,
            )
            for record in self.log.records
        ]


@pytest.fixture
def filtering(desk: BanDesk) -> Filter:
    desk.catalogue_has_read(ENDS)
    return Filter(desk)


def test_a_ban_takes_back_what_is_listed_and_nothing_else(desk: BanDesk, filtering: Filter):
    """A tombstone for readers of the topic, an event for the shop."""
    for name, article, state in (
        ("p1", "A-1", "listed"),
        ("p2", "B-1", "listed"),
        ("p3", "C-1", "listed"),
        ("p4", "C-2", "blocked"),
        ("p5", "D-1", "listed"),
    ):
        desk.put_product(name, article, state, offset=17)
    desk.ban(product("p1"), sku("B-1"), prefix("C-"), reason="recalled")
    assert filtering.looks() == TakenBack(retracted=3)
    assert sorted(filtering.wrote()) == sorted(
        each
        for name in ("p1", "p2", "p3")
        for each in (
            ("filtered-products", name, Change.RETRACTED, False),
            ("filtered-events", name, Change.RETRACTED, True),
        )
    )
    event = next(r for r in filtering.log.of("filtered-events") if r.key == b"p3")
    body = orjson.loads(event.value or b"")
    assert (body["rule"]["kind"], body["rule"]["value"]) == ("sku_prefix", "C-")
    assert (body["reason"], body["product"]["sku"]) == ("recalled", "C-1")
    mark = read_mark(event.headers)
    assert mark is not None
    assert mark.source == ("shop-products", 0, 17)
    assert mark.version == (1_793_491_200_000_000, 17, desk.version(), 4)


def test_an_unban_lets_in_again_what_no_other_rule_bans(desk: BanDesk, filtering: Filter):
    """With the record that the shop sent, under a higher version of the list."""
    desk.put_product("p1", "A-1", "blocked")
    desk.put_product("p2", "A-2", "blocked")
    desk.ban(prefix("A-"), product("p2"))
    desk.unban(prefix("A-"))
    assert filtering.looks() == TakenBack(readmitted=1)
    assert filtering.wrote() == [
        ("filtered-events", "p1", Change.READMITTED, True),
        ("filtered-products", "p1", Change.READMITTED, True),
    ]
    (back,) = filtering.log.of("filtered-products")
    assert orjson.loads(back.value or b"")["product_id"] == "p1"


def lag(desk: BanDesk) -> None:
    """One product is hidden and free, another one shown and banned; the catalogue is behind."""
    desk.catalogue_has_read({"filtered-products": {0: 2}})
    desk.put_product("hidden", "A-1", "blocked")
    desk.put_product("shown", "B-1", "listed")
    desk.ban(product("hidden"), product("shown"))
    desk.unban(product("hidden"))


def test_what_is_on_its_way_does_not_come_back_but_a_ban_acts(desk: BanDesk, filtering: Filter):
    """An old version must not follow a newer one that is on its way; a banned one must go."""
    lag(desk)
    filtering.on_their_way = {"hidden"}
    assert filtering.looks() == TakenBack(retracted=1, waits=1)
    assert filtering.waited > 0
    assert {name for _, name, _, _ in filtering.wrote()} == {"shown"}
    desk.catalogue_has_read(ENDS)
    filtering.on_their_way = set()
    assert filtering.looks().readmitted == 1


def test_what_is_not_on_its_way_comes_back_though_the_catalogue_lags(
    desk: BanDesk, filtering: Filter
):
    """Shops never stop sending: who waits until all is read may wait for ever."""
    lag(desk)
    filtering.on_their_way = {"another"}
    assert filtering.looks() == TakenBack(retracted=1, readmitted=1)
    assert filtering.asked == [{"filtered-products": {0: 2}, "filtered-events": {0: 0}}]


def test_nothing_comes_back_while_nobody_knows_what_is_on_its_way(desk: BanDesk, filtering: Filter):
    """The catalogue is so far behind that looking would take too long."""
    lag(desk)
    filtering.on_their_way = None
    assert filtering.looks() == TakenBack(retracted=1, waits=1)


def test_without_a_changed_rule_nobody_waits_and_nothing_is_written(
    desk: BanDesk, filtering: Filter
):
    """The usual look costs two questions."""
    desk.put_product("p1", "A-1", "listed")
    desk.catalogue_has_read({"filtered-products": {0: 0}})
    assert filtering.looks() == TakenBack()
    assert (filtering.waited, filtering.wrote()) == (0, [])


def test_a_rule_that_ended_by_the_clock_lets_in_again(desk: BanDesk, filtering: Filter):
    """Nobody has to lift a ban that had an end."""
    desk.put_product("p1", "A-1", "blocked")
    desk.ban(product("p1"))
    desk.pg.execute(
        "update market.ban set valid_from = now() - interval '2 hours',"
        " valid_until = now() - interval '1 hour'"
    )
    assert filtering.looks() == TakenBack(readmitted=1)


def test_what_a_shop_took_back_stays_gone(desk: BanDesk, filtering: Filter):
    """An unban must not bring back what is not sold any more."""
    desk.put_product("p1", "A-1", "gone")
    desk.ban(product("p1"))
    desk.unban(product("p1"))
    assert filtering.looks() == TakenBack()
