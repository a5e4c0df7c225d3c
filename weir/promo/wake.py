"""What is due and what is new becomes records on `promo-wakeups`; the stream does the rest.

Under a crash: at least once. A campaign is woken again until the stream has decided; a new
subscription is forgotten only after Kafka has confirmed its record. Twice is harmless.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from weir.clock import Monotonic, monotonic
from weir.kafka.producer import Publisher
from weir.ops.lease import Pg
from weir.promo.wakeups import CampaignWake, Wake, wake_json, wake_key, wakes_of

AGAIN_SECONDS: Final = 30.0
"""A campaign that the stream has not decided by then is woken once more."""

MAX_CAMPAIGNS: Final = 1000
MAX_CHANGES: Final = 20_000

DUE: Final = """
    select adv_campaign_id from promo.campaign
    where state = 'held' and starts_at <= extract(epoch from clock_timestamp())
      and adv_campaign_id <> all(%(woken)s)
    union select adv_campaign_id from promo.campaign
    where state in ('held', 'active') and ends_at <= extract(epoch from clock_timestamp())
      and adv_campaign_id <> all(%(woken)s)
    union select adv_campaign_id from promo.campaign
    where state in ('held', 'active') and cancelled_at is not null
      and adv_campaign_id <> all(%(woken)s)
    limit %(most)s
"""
ACTIVE: Final = "select adv_campaign_id from promo.campaign where state = 'active'"
CHANGES: Final = (
    "select id, restaurant_id, client_id from promo.subscriber_change order by id limit %s"
)
FORGET: Final = "delete from promo.subscriber_change where id = any(%s)"


class Waker:
    """One per process; two of them wake twice, which harms nobody."""

    def __init__(
        self,
        publisher: Publisher,
        topic: str,
        *,
        look_again_seconds: float | None = None,
        clock: Monotonic = monotonic,
    ) -> None:
        """`look_again_seconds`: how often the audience of each active campaign is looked at anew,
        where the subscribers are in a database that tells of no changes; None: never."""
        self._publisher = publisher
        self._topic = topic
        self._look_again_seconds = look_again_seconds
        self._clock = clock
        self._woken: dict[str, float] = {}
        self._looked = clock()

    def wake_once(self, connection: Pg) -> int:
        """One pass; how many wake-ups were sent. Raises PublishError, psycopg's errors."""
        wakes: list[Wake] = [*self._due(connection), *self._audiences(connection)]
        changes = connection.execute(CHANGES, [MAX_CHANGES]).fetchall()
        new: dict[str, set[str]] = defaultdict(set)
        for _, restaurant, client in changes:
            new[restaurant].add(client)
        for restaurant in sorted(new):
            wakes += wakes_of(restaurant, sorted(new[restaurant]))
        self._send(wakes)
        if changes:
            connection.execute(FORGET, [[row[0] for row in changes]])
        return len(wakes)

    def _due(self, connection: Pg) -> Iterator[Wake]:
        now = self._clock()
        self._woken = {c: at for c, at in self._woken.items() if now - at < AGAIN_SECONDS}
        # Left out by the query: else a thousand that wait for the stream hide all others.
        parameters = {"woken": list(self._woken), "most": MAX_CAMPAIGNS}
        for (campaign,) in connection.execute(DUE, parameters).fetchall():
            self._woken[campaign] = now
            yield CampaignWake(campaign=campaign)

    def _audiences(self, connection: Pg) -> Iterator[Wake]:
        now = self._clock()
        if self._look_again_seconds is None or now - self._looked < self._look_again_seconds:
            return
        self._looked = now
        for (campaign,) in connection.execute(ACTIVE).fetchall():
            yield CampaignWake(campaign=campaign, again=True)

    def _send(self, wakes: Iterable[Wake]) -> None:
        for wake in wakes:
            self._publisher.send(self._topic, wake_json(wake), key=wake_key(wake))
        self._publisher.flush()
