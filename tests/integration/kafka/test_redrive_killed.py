"""1,000 bad campaigns of twelve kinds, six kinds repaired: exactly those are sent, once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import orjson
import pytest

from tests.support.letters import carried, refused
from tests.support.platform import weir
from tests.support.topics import fresh_topic
from weir.contracts.campaign import Campaign, Reason, Refusal, parse_campaign
from weir.kafka.dead_letters import store
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.kafka.record import Message
from weir.settings import REPO, Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform

GOOD = {
    "restaurant_id": "123e4567-e89b-12d3-a456-426614174000",
    "adv_campaign_id": "123e4567-e89b-12d3-a456-426614174003",
    "adv_campaign_content": "Two coffees, one price",
    "adv_campaign_owner": "Кафе «Север»",
    "adv_campaign_owner_contact": "third door on the left",
    "adv_campaign_datetime_start": 1_700_000_000,
    "adv_campaign_datetime_end": 1_700_000_060,
    "datetime_created": 1_699_999_000,
}
START, END = "adv_campaign_datetime_start", "adv_campaign_datetime_end"


def campaign(number: int, **changed: object) -> bytes:
    return orjson.dumps(GOOD | {"datetime_created": 1_600_000_000 + number} | changed)


def bad(number: int) -> tuple[str, bytes | None]:
    """A kind by number, and a campaign of it that is like no other."""
    kinds: dict[str, bytes | None] = {
        Reason.END_BEFORE_START: campaign(number, **{END: 1}),
        Reason.TIME_IN_MILLISECONDS: campaign(number, **{START: 1_700_000_000_000}),
        Reason.TIME_AS_TEXT: campaign(number, **{START: "1700000000"}),
        Reason.WRONG_UUID: campaign(number, restaurant_id=f"no uuid {number}"),
        Reason.EMPTY_CONTENT: campaign(number, adv_campaign_content=""),
        Reason.TOO_LONG: campaign(number, adv_campaign_content="x" * 10_001),
        Reason.NOT_JSON: campaign(number)[:-1],
        Reason.NOT_AN_OBJECT: b"[" + campaign(number) + b"]",
        Reason.NUL: campaign(number, adv_campaign_content="a\0b"),
        Reason.LONE_SURROGATE: campaign(number, adv_campaign_owner="@").replace(
            b'"@"', b'"\\ud800"'
        ),
        Reason.MISSING_FIELD: b'{"datetime_created": %d}' % number,
        Reason.TOMBSTONE: None,
    }
    return list(kinds.items())[number % len(kinds)]


REPAIRED = [reason.value for reason in list(Reason) if reason in {
    Reason.END_BEFORE_START,
    Reason.TIME_IN_MILLISECONDS,
    Reason.WRONG_UUID,
    Reason.TOO_LONG,
    Reason.NOT_JSON,
    Reason.TOMBSTONE,
}]  # fmt: skip


def send_all(settings: Settings, topic: str) -> None:
    producer = ConfirmedProducer(settings)
    for number in range(1000):
        headers = (("number", b"%d" % number), ("none", None))
        key = None if number % 3 else b"restaurant %d" % number
        producer.send(topic, bad(number)[1], key=key, headers=headers)
        if number % 5 == 0:
            producer.send(topic, campaign(number), key=b"good")
    producer.flush()


def judge_all(settings: Settings, topic: str) -> dict[str, list[Message]]:
    """As a stream does it: what is no campaign becomes a dead letter with the word for it."""
    by_reason: dict[str, list[Message]] = {}
    letters = []
    for message in read_range(settings, topic):
        found = parse_campaign(message.value, message.key)
        if isinstance(found, Campaign):
            assert message.key == b"good"
            continue
        assert isinstance(found, Refusal)
        by_reason.setdefault(found.reason.value, []).append(message)
        letters.append(refused(message, found.reason.value))
    with connect(settings.dsn_file, application_name="test") as connection:
        assert store(connection, letters) == 1000
    return by_reason


@pytest.fixture
def own(platform: Settings, tmp_path: Path) -> dict[str, object]:
    """The platform, with a folder of the test's own for the failpoints that have happened."""
    return {
        "home": str(tmp_path),
        "port_base": platform.port_base,
        "postgres_dsn_file": str(platform.dsn_file),
    }


def test_redrive_sends_exactly_the_repaired_kinds_once_though_killed_again_and_again(
    platform: Settings, own: dict[str, object]
) -> None:
    """Killed after each step of its protocol and inside the Kafka transaction."""
    topic = fresh_topic(platform, partitions=3)
    send_all(platform, topic)
    by_reason = judge_all(platform, topic)
    assert len(by_reason) == 12
    assert set(REPAIRED) < by_reason.keys()
    before = sum(1 for _ in read_range(platform, topic))

    points = "redrive_sealed:kill9,redrive_published@2:kill9,redrive_sealed@2:kill9"
    ends = []
    for where in ("in_transaction", points, points, points):
        words = [json.dumps(own), topic, where, *REPAIRED]
        ends.append(
            subprocess.run(
                [sys.executable, "-m", "tests.support.dying_redrive", *words], cwd=REPO
            ).returncode
        )
    assert ends == [-9, -9, -9, -9]

    filters = [word for reason in REPAIRED for word in ("--reason", reason)]
    wish = ("dlq", "redrive", "--topic", topic, *filters)
    planned = json.loads(weir(platform, *wish, "--dry-run", "--json").stdout)
    states = Counter(each["state"] for each in planned["letters"])
    assert set(states) == {"sent", "open"}, "killed neither at the beginning nor at the end"
    weir(platform, *wish)
    assert weir(platform, *wish).stdout == "0 letters were sent again\n"
    assert weir(platform, *wish, "--dry-run").stdout.endswith("\n0 letters would be sent again\n")

    sent = [m for m in read_range(platform, topic) if "weir-redrive" in dict(m.headers)]
    wanted = [message for reason in REPAIRED for message in by_reason[reason]]
    assert Counter(map(repr, carried(sent))) == Counter(map(repr, carried(wanted)))
    assert sum(1 for _ in read_range(platform, topic)) == before + len(wanted)
