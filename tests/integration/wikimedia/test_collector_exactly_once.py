"""The real collector, real Kafka, real kills: each event is in the topic exactly once."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.collector_process import (
    collector_environment,
    forget_cursor,
    supervised_collector,
)
from tests.support.eventually import eventually
from tests.support.platform import weir
from tests.support.topics import create_topic, fresh_topic
from tests.support.wikimedia_sample import running_sample, sent_ids
from weir.errors import Unavailable
from weir.kafka.reader import end_offsets, read_range
from weir.settings import Settings
from weir.sources.wikimedia.generator import SampleStream

pytestmark = pytest.mark.platform


def fresh_topics(platform: Settings) -> str:
    topic = fresh_topic(platform, 3, max_message_bytes=str(2 * 1024 * 1024))
    create_topic(platform, f"{topic}.dlq", max_message_bytes=str(12 * 1024 * 1024))
    forget_cursor(platform)
    return topic


def topic_size(platform: Settings, topic: str) -> int:
    """Committed messages, roughly: transaction markers take offsets too."""
    try:
        return sum(end_offsets(platform, topic).values())
    except Unavailable:
        return 0


def published_ids(platform: Settings, topic: str) -> list[str]:
    return sorted(dict(m.headers)["id"].decode() for m in read_range(platform, topic))


def kill_broker(platform: Settings) -> None:
    """kill -9 the broker; the supervisor starts it again."""
    status = json.loads(weir(platform, "status", "--json", check=False).stdout)
    (row,) = [row for row in status["components"] if row["name"].startswith("kafka")]
    os.kill(row["pid"], signal.SIGKILL)


def test_each_event_is_published_once_across_cuts_kills_and_a_broker_restart(
    platform: Settings, tmp_path: Path
):
    """The one promise that every number downstream rests on."""
    topic, total = fresh_topics(platform), 12_000
    source = SampleStream(start_ms=int(time.time() * 1000), rate=500.0, switch_every=2_500)
    expected = sorted(sent_ids(source, total))
    with running_sample(
        source, total=total, fast=False, cuts=6, cut_after_events=1_700, cut_mid_event=True
    ) as sample:
        environment = collector_environment(platform, url=sample.url, topic=topic)
        with supervised_collector(environment, tmp_path / "collector.log") as collector:
            for reached in (500, 2_500, 5_000):
                eventually(lambda: topic_size(platform, topic), lambda n, r=reached: n > r)
                collector.kill()
            eventually(lambda: topic_size(platform, topic), lambda n: n > 7_500)
            kill_broker(platform)
            eventually(
                lambda: topic_size(platform, topic), lambda n: n > total - 200, within_seconds=120
            )
            # The cursor stands at the last event: everything before it was published.
            eventually(
                lambda: len(published_ids(platform, topic)),
                lambda n: n >= len(expected),
                every_seconds=0.5,
            )
            assert collector.end() == 0
            assert collector.exit_codes.count(-signal.SIGKILL) == 3
    assert published_ids(platform, topic) == expected


def test_a_second_collector_fences_the_first_and_nothing_is_doubled(
    platform: Settings, tmp_path: Path
):
    """Two of them happen: a service and somebody's terminal."""
    topic, total = fresh_topics(platform), 3_000
    source = SampleStream(start_ms=int(time.time() * 1000), rate=300.0)
    expected = sorted(sent_ids(source, total))
    with running_sample(source, total=total, fast=False) as sample:
        environment = collector_environment(platform, url=sample.url, topic=topic)
        with supervised_collector(environment, tmp_path / "first.log") as first:
            eventually(lambda: topic_size(platform, topic), lambda n: n > 300)
            with supervised_collector(environment, tmp_path / "second.log"):
                eventually(lambda: first.exit_codes, lambda codes: 5 in codes, within_seconds=90)
                assert "another collector with the same name took over" in first.log
                assert "TXNERR" not in first.log
            eventually(
                lambda: len(published_ids(platform, topic)),
                lambda n: n >= len(expected),
                every_seconds=0.5,
            )
    assert published_ids(platform, topic) == expected
