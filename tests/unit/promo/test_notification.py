"""The name of a notification is what readers remove duplicates by: it may never change."""

from __future__ import annotations

import uuid

from weir.promo.notification import NAMESPACE, notification_id


def test_the_id_is_the_uuid5_of_campaign_and_client() -> None:
    """Anybody can compute it with any language's library."""
    assert notification_id("c1", "клиент") == uuid.uuid5(NAMESPACE, "c1\x1fклиент")
    assert str(notification_id("c1", "a")) == "f8727a1a-8ab0-5273-b0ab-febbe39be8ce"


def test_the_separator_keeps_neighbours_apart() -> None:
    """Campaign "1", client "11" is not campaign "11", client "1"."""
    assert notification_id("1", "11") != notification_id("11", "1")
