"""What a shop sends, how fast, and what it says when it is asked to stop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import orjson
import pytest

from tests.support.bad_products import GOOD, message
from weir.contracts.product import Product, parse_product
from weir.errors import PublishError, SettingError
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.market.offers_file import read_offers
from weir.market.shop_send import (
    Pace,
    Sending,
    generated,
    send_all,
    sendings_of,
    unending,
    withdrawals,
    written,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Time:
    """A clock that moves only while somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waited: list[float] = []
        self.stop_after = 10**9

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        self.now += seconds
        return len(self.waited) >= self.stop_after


def numbered(count: int) -> Iterator[Sending]:
    return (Sending(f"p{n}", b"{}") for n in range(count))


def run(sendings: Iterator[Sending], time: Time, per_second: float | None) -> MemoryLog:
    log = MemoryLog()
    pace = Pace(per_second, time.clock)
    send_all(MemoryPublisher(log), "t", sendings, pace=pace, wait=time.wait, clock=time.clock)
    return log


def test_every_product_goes_out_under_its_id_with_all_its_shop_wrote() -> None:
    """Fields that we do not know belong to somebody."""
    offers = read_offers(orjson.dumps([GOOD | {"colour_code": "#fff"}]))
    log = run(sendings_of(offers, lambda: NOON), Time(), None)
    (record,) = log.records
    assert (record.topic, record.key) == ("t", b"el-0001")
    sent = orjson.loads(record.value or b"")
    assert sent == GOOD | {"colour_code": "#fff", "updated_at": "2026-11-22T12:00:00.000000Z"}


def test_what_is_sent_is_of_now_unless_the_files_times_are_wanted() -> None:
    """A catalogue that is sent after a deletion must bring the product back."""
    offers = read_offers(message())
    (kept,) = sendings_of(offers, None)
    assert orjson.loads(kept.value or b"")["updated_at"] == GOOD["updated_at"]


def test_a_pace_of_two_a_second_waits_half_a_second_between_two() -> None:
    """Someone watches the products come in one by one."""
    time = Time()
    run(numbered(4), time, 2.0)
    assert [wait for wait in time.waited if wait] == [0.5, 0.5, 0.5]


def test_what_was_sent_is_confirmed_before_a_long_wait() -> None:
    """A product that waits in a buffer for two seconds is nowhere."""
    log, time, seen = MemoryLog(), Time(), list[int]()

    def wait(seconds: float) -> bool:
        seen.append(len(log.records))
        return time.wait(seconds)

    send_all(
        MemoryPublisher(log),
        "t",
        numbered(3),
        pace=Pace(0.5, time.clock),
        wait=wait,
        clock=time.clock,
    )
    assert seen == [0, 1, 2]


def test_asked_to_stop_it_confirms_what_it_has_sent() -> None:
    """Ctrl-C is no reason to lose a product."""
    time = Time()
    time.stop_after = 3
    assert [record.key for record in run(numbered(99), time, 1.0).records] == [b"p0", b"p1"]


def test_a_message_that_kafka_refuses_ends_it() -> None:
    """Going on would send a newer version before the older."""
    log = MemoryLog(limits={"t": 200})
    sendings = iter([Sending("p1", b"{}"), Sending("p2", b"x" * 200), Sending("p3", b"{}")])
    with pytest.raises(PublishError):
        send_all(MemoryPublisher(log), "t", sendings, pace=Pace(None), wait=lambda _: False)
    assert log.records == []


def test_a_withdrawal_is_a_tombstone() -> None:
    """It is how a shop says that a product is gone."""
    log = run(withdrawals(["p1"]), Time(), None)
    assert [(r.key, r.value) for r in log.records] == [(b"p1", None)]


def test_sample_shops_offer_products_of_their_own() -> None:
    """The same product of two shops would be one product."""
    found = list(generated(3, 4, stamp=lambda: NOON))
    assert len({one.product_id for one in found}) == 12
    for one in found:
        product = parse_product(one.value, one.product_id.encode())
        assert isinstance(product, Product)
        assert product.updated_at == NOON


def test_a_living_shop_changes_prices_and_takes_products_away() -> None:
    """So that deletions are seen in every demonstration."""
    offers = read_offers(message())
    said = list(islice(unending(offers, seed=1, gone_share=0.1, stamp=lambda: NOON), 200))
    assert {one.product_id for one in said} == {"el-0001"}
    gone = [one for one in said if one.value is None]
    assert 5 < len(gone) < 50
    prices = {orjson.loads(one.value)["price"] for one in said if one.value}
    assert len(prices) > 10
    assert all(isinstance(parse_product(o.value, b"el-0001"), Product) for o in said if o.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no product in it"),
        (b"[]", "no product in it"),
        (b"hello", "it is no JSON"),
        (b"[" + message() + b", 7]", "1 of 2 are no products: product 2: not_an_object"),
        (message(price="x"), r"product 1 \(el-0001\): wrong_price"),
        (b"[" + message(price="x") + b"]", r"product 1 \(el-0001\): wrong_price"),
    ],
)
def test_a_file_with_one_bad_product_is_refused_with_its_name(content: bytes, words: str) -> None:
    """Half a catalogue would be worse than none."""
    with pytest.raises(SettingError, match=words):
        read_offers(content)


@pytest.mark.parametrize(
    "content",
    [message(), b"[" + message() + b"]", message() + b"\n\n" + message(product_id="b") + b"\n"],
)
def test_a_file_is_a_list_one_object_or_an_object_per_line(content: bytes) -> None:
    """Shops export either."""
    assert read_offers(content)[0].product.product_id == "el-0001"


def test_a_time_is_written_in_utc() -> None:
    """Two shops in two zones must be comparable by eye."""
    at = datetime.fromisoformat("2026-11-22T15:00:00+03:00")
    assert written(at) == "2026-11-22T12:00:00.000000Z"
    with pytest.raises(SettingError, match="no zone"):
        written(datetime(2026, 11, 22))
