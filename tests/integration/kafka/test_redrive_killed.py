"""1,000 bad campaigns of twelve kinds, six kinds repaired: exactly those are sent, once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support.bad_campaigns import REPAIRED, bad_campaign, message
from tests.support.letters import carried, refused
from tests.support.platform import weir
from tests.support.topics import fresh_topic
from weir.contracts.campaign import Campaign, Refusal, parse_campaign
from weir.kafka.dead_letters import store
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.kafka.record import Message
from weir.settings import REPO, Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


def send_all(settings: Settings, topic: str) -> None:
    producer = ConfirmedProducer(settings)
    for number in range(1000):
        headers = (("number", b"%d" % number), ("none", None))
        key = None if number % 3 else b"restaurant %d" % number
        producer.send(topic, bad_campaign(number), key=key, headers=headers)
        if number % 5 == 0:
            producer.send(topic, message(number), key=b"good")
    producer.flush()


def judge_all(settings: Settings, topic: str) -> dict[str, list[Message]]:
    """As a stream does it: what is no campaign becomes a dead letter with the word for it."""
    by_reason: dict[str, list[Message]] = {}
    letters = []
    for read in read_range(settings, topic):
        found = parse_campaign(read.value, read.key)
        if isinstance(found, Campaign):
            assert read.key == b"good"
            continue
        assert isinstance(found, Refusal)
        by_reason.setdefault(found.reason.value, []).append(read)
        letters.append(refused(read, found.reason.value))
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
    wanted = [read for reason in REPAIRED for read in by_reason[reason]]
    assert Counter(map(repr, carried(sent))) == Counter(map(repr, carried(wanted)))
    assert sum(1 for _ in read_range(platform, topic)) == before + len(wanted)
