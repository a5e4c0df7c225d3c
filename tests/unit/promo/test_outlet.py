"""What a publisher of notifications asks before anything is sealed."""

from __future__ import annotations

import pytest

from weir.contracts.campaign import LIMITS
from weir.errors import SettingError
from weir.kafka.identity import TopicIdentity
from weir.kafka.memory import MemoryLog, MemoryTransactionalPublisher
from weir.kafka.record import size_in_bytes
from weir.promo.publish import FIELDS, NotificationPublisher, Outlet, notification, refuse_small


def test_a_topic_that_cannot_take_every_notification_is_refused_at_the_start() -> None:
    """A batch that is sealed must be publishable; else each start would fail on it."""
    log = MemoryLog(limits={"out": 20_000})
    outlet = Outlet(
        stream="promo",
        topic="out",
        publisher=MemoryTransactionalPublisher(log, "promo"),
        identity=lambda: TopicIdentity("c", "t"),
    )
    with pytest.raises(SettingError, match="out takes messages of 20000 bytes") as refused:
        NotificationPublisher(outlet).start(None)  # type: ignore[arg-type]
    assert "max.message.bytes" in refused.value.hint
    assert log.owners == {}


def test_the_largest_notification_is_known() -> None:
    """Kafka's own default takes it; the limit that is asked for does, too."""
    refuse_small("out", 1_048_588)
    with pytest.raises(SettingError) as refused:
        refuse_small("out", 0)
    asked = int(refused.value.hint.split()[-3])
    refuse_small("out", asked)
    text = "\x1f"
    values = {
        "adv_campaign_content": text * LIMITS.content_chars,
        "adv_campaign_owner": text * LIMITS.text_chars,
        "adv_campaign_owner_contact": text * LIMITS.text_chars,
        "client_id": text * 1000,
    }
    sent = tuple(values.get(name, "0" * 36) for name in FIELDS)
    assert size_in_bytes(notification("out", b"promo_join/1/1", "0" * 36, sent)) <= asked
