"""The transactional publisher under kill -9, and the protocol it rests on."""

from __future__ import annotations

import logging
import random
import re
import subprocess
import sys
import uuid

import pytest
from confluent_kafka import Producer

from tests.support.topics import create_topic, fresh_topic
from weir.kafka.client import kafka_options
from weir.kafka.reader import read_range
from weir.settings import REPO, Settings

pytestmark = pytest.mark.platform

KILLS = 6
TOTAL = 6_000


def test_killed_again_and_again_a_publisher_loses_and_doubles_nothing(platform: Settings) -> None:
    """The promise of every collector, at the place where it is kept."""
    name = f"crier-{uuid.uuid4().hex[:8]}"
    create_topic(platform, f"{name}.progress", cleanup_policy="compact")
    topic = fresh_topic(platform, partitions=3)
    words = [str(platform.home), str(platform.port_base), name, topic, str(TOTAL)]
    moments = random.Random(7)
    done = False
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.support.counting_publisher", *words],
            cwd=REPO,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for _ in range(moments.randint(3, 25)):  # somewhere between two commits
                process.stdout.readline()
            process.kill()
    while not done:
        last = subprocess.run(
            [sys.executable, "-m", "tests.support.counting_publisher", *words],
            cwd=REPO,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        done = last.stdout.endswith("done\n")
    found = sorted(int(message.value or b"") for message in read_range(platform, topic))
    assert found == list(range(TOTAL))


def test_the_client_still_speaks_the_old_transaction_protocol(platform: Settings) -> None:
    """When this turns red, a newer library has an epoch per transaction (KIP-890): the rule
    'never retry a commit, end the process' in weir/kafka/transactional.py may be relaxed."""
    lines: list[str] = []
    logger = logging.Logger("wire", logging.DEBUG)
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    topic = fresh_topic(platform)
    producer = Producer(
        kafka_options(
            platform,
            transactional_id=f"{topic}-probe",
            debug="protocol",
            log_level=7,
            logger=logger,
        )
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, value=b"x")
    producer.commit_transaction(30)
    producer.poll(0.1)
    sent = re.findall(r"Sent (\w+)Request \(v(\d+)", "\n".join(lines))
    versions = {name: int(version) for name, version in sent}
    wanted = {"EndTxn": 1, "Produce": 10, "AddPartitionsToTxn": 0}
    assert {name: versions[name] for name in wanted} == wanted
