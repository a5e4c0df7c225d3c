"""Whether Kafka has exactly the notifications that PostgreSQL sealed for one campaign.

Compared per transaction (stream, batch, chunk): their number, and the sum of their ids, which
differs when one is missing, foreign or there twice. Memory does not grow with the campaign.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg

from weir.kafka.cluster import promo_output, settings_at
from weir.kafka.offsets import first_offsets
from weir.kafka.reader import read_since
from weir.kafka.record import Message
from weir.promo.report import Part, Report
from weir.settings import Settings

Pg = psycopg.Connection[Any]
Place = tuple[str, int, int]  # stream, seq, chunk
Sum = tuple[int, int]  # how many, and the sum of their ids

MODULUS: Final = 2**128
BATCH: Final = re.compile(r"(.+)/([0-9]{1,18})/([0-9]{1,9})")
FOREIGN: Final[Place] = ("", 0, 0)
NOBODYS: Final = (FOREIGN, UUID(int=0))
CLOCKS_DIFFER: Final = timedelta(minutes=10)
MEMBERS: Final = """
    select notification_id from promo.batch_member
    where stream = %s and seq = %s and chunk = %s and campaign = %s
"""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """`waiting` are sealed and not in Kafka yet; `differing` names transactions that disagree."""

    in_postgres: int
    in_kafka: int
    waiting: int
    differing: list[str]
    deleted: bool
    """Kafka's retention has removed the beginning of the topic: what is missing may be that."""

    @property
    def equal(self) -> bool:
        """Whether both stores hold the same notifications, each once."""
        return not self.differing and not self.waiting


def compare_stores(settings: Settings, connection: Pg, report: Report) -> Compared:
    """Read the output topic from the campaign's first batch on. Raises Unavailable."""
    here = {place_of(part): _sum(_members(connection, report, part)) for part in report.parts}
    there: dict[Place, Sum] = {}
    deleted = False
    if report.parts:
        at_output = settings_at(settings, promo_output(settings))
        since = min(part.sealed_at for part in report.parts) - CLOCKS_DIFFER
        messages = read_since(at_output, settings.promo_out_topic, int(since.timestamp() * 1000))
        there = sums_of(messages, report.campaign.adv_campaign_id)
        deleted = any(first_offsets(at_output, settings.promo_out_topic).values())
    return judge(here, there, deleted=deleted)


def sums_of(messages: Iterable[Message], campaign: str) -> dict[Place, Sum]:
    """The notifications of one campaign, by the transaction that each one names."""
    found: dict[Place, Sum] = defaultdict(lambda: (0, 0))
    needle = campaign.encode()
    for message in messages:
        # Most messages are of others: looking for the id is ten times quicker than parsing.
        if needle not in (message.value or b""):
            continue
        if _campaign_in(message.value or b"") != campaign:
            continue
        place, name = _named_by(message)
        count, total = found[place]
        found[place] = (count + 1, (total + name.int) % MODULUS)
    return dict(found)


def judge(here: dict[Place, Sum], there: dict[Place, Sum], *, deleted: bool) -> Compared:
    """What two sets of sums say. Batches sealed after PostgreSQL was read are left out."""
    missing = [place for place in here if place not in there]
    newest = max((seq for _, seq, _ in here), default=0)
    differing = [
        f"{words_of(place)}: {here[place][0]} in PostgreSQL, {there[place][0]} in Kafka"
        for place in sorted(here.keys() & there.keys())
        if here[place] != there[place]
    ]
    differing += [
        f"{words_of(place)}: none in PostgreSQL, {there[place][0]} in Kafka"
        for place in sorted(there.keys() - here.keys())
        if place[1] <= newest
    ]
    return Compared(
        in_postgres=sum(count for count, _ in here.values()),
        in_kafka=sum(there[place][0] for place in here.keys() & there.keys()),
        waiting=sum(here[place][0] for place in missing),
        differing=differing,
        deleted=deleted,
    )


def words_of(place: Place) -> str:
    """A transaction as its header names it."""
    return "/".join(map(str, place)) if place != FOREIGN else "without the stream's headers"


def _campaign_in(value: bytes) -> object:
    """The campaign of a notification; None for a message that is none."""
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return body.get("adv_campaign_id") if isinstance(body, dict) else None


def _named_by(message: Message) -> tuple[Place, UUID]:
    """The transaction and the notification that a message's headers name."""
    headers = dict(message.headers)
    batch = BATCH.fullmatch((headers.get("weir-batch") or b"").decode(errors="replace"))
    name = (headers.get("notification_id") or b"").decode(errors="replace")
    try:
        return ((batch[1], int(batch[2]), int(batch[3])), UUID(name)) if batch else NOBODYS
    except ValueError:
        return NOBODYS


def place_of(part: Part) -> Place:
    """Which transaction a part is in."""
    return part.stream, part.seq, part.chunk


def _members(connection: Pg, report: Report, part: Part) -> Iterable[UUID]:
    with connection.transaction(), connection.cursor(name="members") as cursor:
        cursor.execute(MEMBERS, [*place_of(part), report.campaign.adv_campaign_id])
        for (name,) in cursor:
            yield name


def _sum(names: Iterable[UUID]) -> Sum:
    count = total = 0
    for name in names:
        count, total = count + 1, (total + name.int) % MODULUS
    return count, total
