"""Every number of the market equals an independent computation; `make faults STEP=4`.

Statistics at each level, market.product and the Parquet files, against `reckoning.World`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults.results import write_result
from tests.faults.step4.assortment import BROKEN, FIRST, LAST, LIFTED, SECOND, Assortment, Message
from tests.faults.step4.market_rig import CATALOGUE, FILTER, STATISTICS, Market
from tests.support.eventually import eventually
from tests.support.market_statistics_stream import count_anew
from tests.support.platform import INFRASTRUCTURE, running_platform
from weir.kafka.declared import Topic

pytestmark = [pytest.mark.long, pytest.mark.step4, pytest.mark.timeout(900)]

LEVELS = ("total", "category", "shop", "brand", "price-band", "product")
STRANGERS = [Message(b"stranger-%d" % n, b"hello") for n in range(3)]


def test_every_number_is_what_was_sent_whatever_died():
    """Two kills, a death between writing and the ledger, a replay, a redrive, a backfill."""
    began = time.monotonic()
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    only = f"{INFRASTRUCTURE},market-relay"
    with running_platform(only, with_="market", market_samples=False) as settings:
        market, shops = Market(settings), Assortment(hour)
        trial = Trial(market, shops, hour)
        trial.two_drivers_die()
        trial.people_ban_and_lift()
        trial.check("after the kills and the bans")
        archived = market.archive()
        assert archived["doubles"] > 0, "the filter repeated nothing: the kill came too late"
        assert differences(market.archived(), market.world.archived()) == []
        trial.replay()
        trial.check("after the replay")
        letters = trial.redrive()
        market.ban(*LAST)
        trial.check("after the redrive")
        deleted = trial.lose_and_count_anew()
        trial.check("after the backfill")
        trial.go_on()
        trial.check("after all")
        market.archive()
        assert differences(market.archived(), market.world.archived()) == []
        write_result(
            "faults_step4_all_numbers",
            messages=trial.messages,
            facts=dict(Counter(fact.change for fact in market.world.facts)),
            products=len(market.world.shelf),
            rules_in_the_end=len(market.world.rules),
            repeated_by_the_filter=archived["doubles"],
            letters_sent_again=letters,
            rows_lost_and_counted_anew=deleted,
            epochs=market.epochs(),
            rows_compared=trial.compared,
            wrong=0,
            seconds=round(time.monotonic() - began),
        )


class Trial:
    """The acts of the trial, in their order."""

    def __init__(self, market: Market, shops: Assortment, hour: datetime) -> None:
        self.messages = 0
        self.compared: dict[str, int] = {}
        self._market = market
        self._shops = shops
        self._hour = hour

    def two_drivers_die(self) -> None:
        """Yesterday's filter dies by itself; statistics and catalogue are killed."""
        market, first = self._market, self._shops.first()
        market.send(first[:800])
        market.world.ban(FIRST, market.order_rules("ban", FIRST))
        market.order("start", CATALOGUE, STATISTICS)
        market.start_yesterdays_filter()
        for table in ("market.product_minute", "market.product"):
            counted = f"select count(*) from {table}"
            eventually(lambda q=counted: market.rows(q)[0][0], bool, within_seconds=180)
        market.send(first[800:1500])
        market.kill(STATISTICS)
        market.kill(CATALOGUE)
        market.send(first[1500:])
        market.send(STRANGERS, Topic.FILTERED_PRODUCTS)
        self._settle()

    def people_ban_and_lift(self) -> None:
        """And the filter is killed while products pass."""
        market, second = self._market, self._shops.second()
        market.ban(*SECOND)
        half = len(second) // 2
        before = market.ends(Topic.FILTERED_PRODUCTS)
        market.send(second[:half])
        eventually(
            lambda: market.ends(Topic.FILTERED_PRODUCTS),
            lambda now: now > before,
            within_seconds=60,
            every_seconds=0.02,
        )
        market.kill(FILTER)
        market.send(second[half:])
        self._settle()
        market.lift(*LIFTED)

    def replay(self) -> None:
        """All checkpoints are lost, two streams read everything again; the filter is mended."""
        market = self._market
        market.order("stop", FILTER, CATALOGUE, STATISTICS)
        market.forget()
        market.send(self._shops.third())
        market.order("start", FILTER, CATALOGUE, STATISTICS)
        self._settle()

    def redrive(self) -> int:
        """What the mended filter takes counts now; the rest is refused once more."""
        market, odd = self._market, self._odd_ones
        (before,) = market.rows("select count(*) from ops.dead_letter")[0]
        assert before == len(BROKEN) + len(odd) + len(STRANGERS)
        done = market.redrive([*BROKEN, *odd])
        assert done["letters"] == before, done
        self._settle()
        found = market.rows("select count(*) from ops.dead_letter where redrive_of is not null")
        assert found == [(len(BROKEN) + len(STRANGERS),)]
        return int(before)

    def lose_and_count_anew(self) -> int:
        """The rows of one hour of versions, and of all that happened since this hour began."""
        lost = self._hour - timedelta(hours=2)
        rows = self._market.rows(
            "with lost as (delete from market.product_minute where window_start >= %s"
            " and window_start < %s or window_start >= %s returning 1) select count(*) from lost",
            *(lost, lost + timedelta(hours=1), self._hour),
        )
        end = datetime.now(UTC) + timedelta(minutes=1)
        done = count_anew(self._market.settings, lost.isoformat(), end.isoformat())
        assert done.returncode == 0, done.stderr[-3000:]
        assert rows[0][0] > 0
        return int(rows[0][0])

    def go_on(self) -> None:
        """The streams count on after it."""
        self._market.send(self._shops.fourth())
        self._settle()

    def check(self, when: str) -> None:
        """Statistics of each level and the catalogue are what they must be."""
        market, world = self._market, self._market.world
        until = int(self._hour.timestamp())
        for level in LEVELS:
            expected = world.statistics(level)
            wrong = differences(market.statistics(level), expected)
            assert wrong == [], f"{when}, by {level}"
            self.compared[level] = len(expected)
        expected = world.statistics("category", with_banned=True)
        wrong = differences(market.statistics("category", "--include-banned"), expected)
        assert wrong == [], f"{when}, with what is banned"
        expected = world.statistics("shop", hours_before=until)
        by_hour = market.statistics("shop", "--each", "1h")
        early = {place: row for place, row in by_hour.items() if (place[2] or 0) < until}
        assert differences(early, expected) == [], f"{when}, by the hour"
        wrong = differences(market.catalogue(), world.catalogue())
        assert wrong == [], f"{when}, market.product"
        self.compared["market.product"] = len(world.shelf)

    def _settle(self) -> None:
        self._market.calm()
        self.messages += self._market.take(self._is_refused)

    def _is_refused(self, message: Message, again: bool) -> bool:
        return message in BROKEN or (self._shops.is_odd(message) and not again)

    @property
    def _odd_ones(self) -> list[Message]:
        return [message for message in self._market.sent if self._shops.is_odd(message)]


def differences(found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> list[Any]:
    """The first places in which they differ: (place, found, expected)."""
    places = sorted(found.keys() | expected.keys(), key=repr)
    wrong = [p for p in places if found.get(p) != expected.get(p)]
    return [(p, found.get(p), expected.get(p)) for p in wrong[:5]] + (
        [f"{len(wrong)} of {len(places)} differ"] if wrong else []
    )
