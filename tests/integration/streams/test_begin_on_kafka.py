"""A topic that is deleted and made anew under a stream, on a real Kafka."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spark_jobs.lib.begin import begin
from spark_jobs.lib.control import Control
from tests.support.eventually import eventually
from tests.support.stream_rows import STREAM, take
from tests.support.topics import create_topic, fresh_topic
from weir.errors import ContractError
from weir.kafka.client import admin_client
from weir.kafka.identity import fetch_identity
from weir.ops import lease, ledger
from weir.ops.inputs import order_new_input
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


def make_anew(settings: Settings, topic: str) -> None:
    """Delete the topic and create one of the same name."""
    admin = admin_client(settings)
    admin.delete_topics([topic])[topic].result(timeout=30)
    eventually(lambda: topic in admin.list_topics(timeout=10).topics, lambda there: not there)
    create_topic(settings, topic)


def test_a_topic_made_anew_is_noticed_and_begun_only_by_order(
    own: Settings, pg: lease.Pg, tmp_path: Path
) -> None:
    """Its first messages have offsets that the old one had, too."""
    topic = fresh_topic(own)
    driver: Any = SimpleNamespace(
        file=SimpleNamespace(stream=STREAM, checkpoints=tmp_path),
        epoch=take(pg),
        control=Control(),
        connect=lambda: connect(own.dsn_file, application_name="test"),
    )
    place = ledger.Place(stream=STREAM, query="q", topic=topic)
    assert begin(driver, "q", topic, own).stands == {0: 0}
    ledger.move_offsets(pg, place, {0: 50})
    assert begin(driver, "q", topic, own).stands == {0: 50}
    make_anew(own, topic)
    with pytest.raises(ContractError, match="it was made anew"):
        begin(driver, "q", topic, own)
    order_new_input(pg, STREAM, who="me", via="cli")
    found = begin(driver, "q", topic, own)
    assert found.stands == {0: 0}
    assert found.incarnation == fetch_identity(own, topic).topic_id
