"""What the relay tells Kafka, and when a changed rule counts as settled."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from tests.support.bans import BanDesk, prefix, product, sku
from tests.support.eventually import eventually
from weir.errors import PublishError
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.market.relay import AGAIN_SECONDS, Passed, Relay
from weir.store.postgres import connect

pytestmark = pytest.mark.platform

TOPIC = "bans"
ENDS = {"filtered-products": {0: 5, 1: 0}, "filtered-events": {0: 2}}


class Service:
    """A relay on a broker in memory; the filter's topics end at `ends`."""

    def __init__(self, desk: BanDesk) -> None:
        self.now = 0.0
        self.ends = ENDS
        self.desk = desk
        self.pg = connect(desk.settings.dsn_file, application_name="test-relay")
        self.log = MemoryLog()
        self.publisher = MemoryPublisher(self.log)
        self.relay = Relay(self.publisher, TOPIC, lambda: self.ends, clock=lambda: self.now)

    def passes(self) -> Passed:
        return self.relay.pass_once(self.pg)

    def told(self) -> list[tuple[str, str, int]]:
        """Key, state and version of each record."""
        found = []
        for record in self.log.of(TOPIC):
            body = orjson.loads(record.value or b"")
            found.append(((record.key or b"").decode(), body["state"], body["version"]))
        return found

    def unsettled(self) -> list[str]:
        rows = self.desk.rows("select kind || ':' || value from market.ban_unsettled order by 1")
        return [row[0] for row in rows]


@pytest.fixture
def service(desk: BanDesk):
    found = Service(desk)
    yield found
    found.pg.close()


def test_every_change_is_told_once_and_in_order(desk: BanDesk, service: Service):
    """Whoever reads the topic has the list."""
    before = desk.version()
    desk.ban(product("p1"), sku("s1"))
    desk.unban(product("p1"))
    assert service.passes().published == 3
    assert service.told() == [
        ("product:p1", "live", before + 1),
        ("sku:s1", "live", before + 2),
        ("product:p1", "lifted", before + 3),
    ]
    assert service.passes().published == 0


def test_what_kafka_did_not_confirm_is_told_again(desk: BanDesk, service: Service):
    """A ban that nobody was told of would wait for the next product."""
    desk.ban(product("p1"))
    service.publisher.failure = "Kafka is away"
    with pytest.raises(PublishError):
        service.passes()
    service.pg.close()
    again = Service(desk)
    again.passes()
    assert [key for key, _, _ in again.told()] == ["product:p1"]
    again.pg.close()


def test_a_second_relay_stands_by_until_the_first_is_gone(desk: BanDesk, service: Service):
    """Two of them would mix up the order."""
    service.passes()
    other = Service(desk)
    desk.ban(product("p1"))
    assert other.passes() == Passed()
    service.pg.close()
    # The server hears of the end of a connection a moment later.
    eventually(lambda: other.passes().published, lambda published: published == 1)
    other.pg.close()


def test_what_is_due_is_told_in_the_same_pass(desk: BanDesk, service: Service):
    """A scheduled ban wakes the filter within a pass of its time."""
    desk.ban(product("p1"), valid_from=desk.now() + timedelta(hours=1))
    service.passes()
    desk.pg.execute("update market.ban set valid_from = now()")
    passed = service.passes()
    assert (passed.due, passed.published) == (1, 1)
    assert [state for _, state, _ in service.told()] == ["scheduled", "live"]


def test_a_rule_is_settled_when_filter_and_catalogue_have_passed_it(
    desk: BanDesk, service: Service
):
    """Not before: what is on its way may contradict it."""
    desk.ban(product("p1"))
    assert service.passes().settled == 0
    desk.filter_has_seen(desk.version())
    assert service.passes().settled == 0
    desk.catalogue_has_read({"filtered-products": {0: 5}, "filtered-events": {0: 1}})
    assert service.passes().settled == 0
    assert service.unsettled() == ["product:p1"]
    desk.catalogue_has_read({"filtered-events": {0: 2}})
    assert service.passes().settled == 1
    assert service.unsettled() == []


def test_a_change_that_the_filter_has_not_seen_stays_unsettled(desk: BanDesk, service: Service):
    """The filter may be writing under the list of before."""
    desk.ban(product("p1"))
    desk.filter_has_seen(desk.version())
    desk.ban(product("p2"))
    desk.catalogue_has_read(ENDS)
    assert service.passes().settled == 1
    assert service.unsettled() == ["product:p2"]


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        (product("p1"), "listed"),
        (sku("S-1"), "listed"),
        (prefix("S-"), "listed"),
    ],
)
def test_the_filter_is_asked_again_once_a_second_while_a_banned_product_shows(
    desk: BanDesk, service: Service, rule, state
):
    """It was on its way into the catalogue when the filter looked."""
    desk.put_product("p1", "S-1", state)
    desk.ban(rule)
    desk.filter_has_seen(desk.version())
    desk.catalogue_has_read(ENDS)
    assert service.passes().again == 1
    assert service.passes().again == 0
    service.now += AGAIN_SECONDS
    assert service.passes().again == 1
    assert service.told() == [(rule.key, "live", desk.version())] * 3
    desk.pg.execute("update market.product set state = 'blocked'")
    assert service.passes().settled == 1


def test_the_filter_is_asked_again_while_a_free_product_is_hidden(desk: BanDesk, service: Service):
    """An unban that came while the catalogue lagged must not be forgotten."""
    desk.put_product("p1", "S-1", "blocked")
    desk.put_product("p2", "S-2", "blocked")
    desk.ban(product("p1"), prefix("S-2"))
    desk.unban(product("p1"))
    desk.filter_has_seen(desk.version())
    desk.catalogue_has_read(ENDS)
    assert service.passes().again == 1
    desk.pg.execute("update market.product set state = 'listed' where product_id = 'p1'")
    assert service.passes().settled == 2


def test_records_of_last_week_are_forgotten_but_not_the_bans(desk: BanDesk, service: Service):
    """History is in market.ban; of an unsettled rule the record is still needed."""
    desk.ban(product("p1"))
    desk.ban(product("p2"))
    service.passes()
    desk.pg.execute("update market.ban_outbox set published_at = now() - interval '8 days'")
    desk.pg.execute("delete from market.ban_unsettled where value = 'p1'")
    service.relay.forget_old(service.pg)
    assert [key for _, key, _ in desk.records()] == ["product:p2"]
    assert desk.rows("select count(*) from market.ban") == [(2,)]
