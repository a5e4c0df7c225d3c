"""`weir shop send` on a real Kafka: what a shop sends is what the filter will read."""

from __future__ import annotations

import json
import random
import string
from pathlib import Path

import pytest

from tests.support.bad_products import GOOD, message
from tests.support.platform import weir
from tests.support.topics import fresh_topic
from weir.contracts.product import Product, Tombstone, parse_product
from weir.kafka.reader import read_range
from weir.settings import Settings

pytestmark = pytest.mark.platform


def test_the_sample_catalogue_arrives_whole_and_a_deletion_after_it(platform: Settings) -> None:
    """The first two commands of the tour."""
    topic = fresh_topic(platform, partitions=3)
    sent = json.loads(weir(platform, "shop", "send", "--topic", topic, "--json").stdout)
    weir(platform, "shop", "send", "--topic", topic, "--delete", "wch-001")
    judged = [parse_product(m.value, m.key) for m in read_range(platform, topic)]
    ids = [one.product_id for one in judged if isinstance(one, Product)]
    assert len(set(ids)) == len(ids) == sent["products"] > 190
    assert [one for one in judged if not isinstance(one, Product)] == [Tombstone("wch-001")]


def test_a_file_with_one_bad_product_sends_nothing_and_names_it(
    platform: Settings, tmp_path: Path
) -> None:
    """Half a catalogue would be worse than none."""
    topic = fresh_topic(platform)
    file = tmp_path / "products.jsonl"
    file.write_bytes(message() + b"\n" + json.dumps(GOOD | {"price": "free"}).encode())
    done = weir(platform, "shop", "send", "--topic", topic, "--file", str(file), check=False)
    assert done.returncode == 2
    assert "product 2 (el-0001): wrong_price" in done.stderr
    assert list(read_range(platform, topic)) == []


def test_a_product_that_kafka_refuses_is_named(platform: Settings, tmp_path: Path) -> None:
    """The shop must know from where to go on."""
    topic = fresh_topic(platform, max_message_bytes="2000")
    file = tmp_path / "products.json"
    words = "".join(random.Random(4).choices(string.ascii_letters, k=9000))  # nothing to compress
    file.write_bytes(message(description=words))
    done = weir(platform, "shop", "send", "--topic", topic, "--file", str(file), check=False)
    assert done.returncode == 5
    assert "el-0001" in done.stderr
