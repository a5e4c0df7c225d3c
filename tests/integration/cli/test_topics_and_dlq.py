"""`weir topics` and `weir dlq` as a person or a script sees them."""

from __future__ import annotations

import json
import subprocess
import uuid

import pytest

from tests.support.platform import environment, weir
from tests.support.topics import fresh_topic
from weir.kafka.dead_letters import DeadLetter, store
from weir.kafka.declared import load_topics
from weir.kafka.producer import ConfirmedProducer
from weir.settings import REPO, Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


def test_apply_and_check_on_a_running_platform_find_nothing_to_do(platform: Settings) -> None:
    """Running it again is harmless."""
    assert weir(platform, "topics", "apply").stdout == "nothing to create\n"
    assert weir(platform, "topics", "apply", "--dry-run").stdout == "nothing to create\n"
    checked = weir(platform, "topics", "check").stdout
    assert checked == f"{len(load_topics())} topics are as declared\n"
    assert json.loads(weir(platform, "topics", "check", "--json").stdout) == []


def test_the_list_tells_declared_topics_from_others(platform: Settings) -> None:
    """A leftover topic is visible, and nobody takes it for one of ours."""
    other = fresh_topic(platform)
    rows = json.loads(weir(platform, "topics", "list", "--json").stdout)
    states = {row["topic"]: row["state"] for row in rows}
    assert states[other] == "not declared"
    assert {states[topic] for topic in load_topics()} == {"exists"}
    assert other in weir(platform, "topics", "list").stdout


def test_a_description_shows_writers_settings_and_offsets(platform: Settings) -> None:
    """Everything a person asks before reading or writing a topic."""
    shown = json.loads(weir(platform, "topics", "describe", "wikimedia_events", "--json").stdout)
    assert (shown["partitions"], sorted(shown["offsets"])) == (6, ["0", "1", "2", "3", "4", "5"])
    assert shown["config"]["max.message.bytes"] == "2097152"
    assert shown["declaration"]["writers"] == ["collector wikimedia", "weir gaps refill"]
    assert "collector wikimedia" in weir(platform, "topics", "describe", "wikimedia_events").stdout


def test_a_tail_from_the_beginning_prints_messages_that_cannot_steer_the_terminal(
    platform: Settings,
) -> None:
    """Titles of edits are written by strangers."""
    topic = fresh_topic(platform)
    producer = ConfirmedProducer(platform)
    producer.send(topic, b"\x1b[2J", key=b"k", headers=(("id", b"1"),), timestamp_ms=1_500)
    producer.send(topic, b"\xff")
    producer.flush()
    words = ("topics", "tail", topic, "--from-beginning", "--limit")
    assert weir(platform, *words, "1").stdout == (
        "0/0 1970-01-01T00:00:01.500+00:00 k \\x1b[2J [id=1]\n"
    )
    lines = weir(platform, *words, "2", "--json").stdout.splitlines()
    assert [json.loads(line)["value"] for line in lines] == ["\x1b[2J", {"base64": "/w=="}]


def test_an_unknown_topic_is_an_error_with_a_way_out(platform: Settings) -> None:
    """Auto-creation is off, so nothing springs into being by a slip of the finger."""
    for verb in ("describe", "tail"):
        failed = weir(platform, "topics", verb, "nope", check=False)
        assert failed.returncode == 2
        assert "topic nope" in failed.stderr
        assert "-> weir topics list" in failed.stderr


def test_a_dead_letter_is_listed_shown_and_given_back_byte_by_byte(platform: Settings) -> None:
    """From the alert to the original bytes in three commands."""
    topic = f"test-{uuid.uuid4().hex[:12]}"
    letter = DeadLetter(
        topic=topic,
        refused_by="counts.counts",
        reason="not [json] \x1b[2J",
        partition=3,
        offset=5,
        key=b"k",
        value=b"{\xff",
        headers=(("id", b"1"),),
    )
    with connect(platform.dsn_file, application_name="test") as connection:
        store(connection, [letter], attempts=3)
    (row,) = json.loads(weir(platform, "dlq", "list", "--topic", topic, "--json").stdout)
    assert (row["dedupe_key"], row["value"]) == (f"{topic}/3/5", {"base64": "e/8="})
    assert (row["attempts"], row["sent_again_at"]) == (3, None)
    listed = weir(platform, "dlq", "list", "--topic", topic).stdout
    assert f"{topic}/3/5" in listed
    assert "not [json] \\x1b[2J" in listed
    counts = json.loads(weir(platform, "dlq", "list", "--counts", "--json").stdout)
    assert [count["letters"] for count in counts if count["topic"] == topic] == [1]
    shown = weir(platform, "dlq", "show", row["dedupe_key"]).stdout
    assert "id=1" in shown
    assert "{\\xff" in shown
    raw = subprocess.run(
        [REPO / "bin" / "weir", "dlq", "show", f"{topic}/3/5", "--raw"],
        env=environment(platform),
        stdout=subprocess.PIPE,
        check=True,
    )
    assert raw.stdout == b"{\xff"
