"""What `make run WITH=promo` shows of promo at its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from weir.errors import Unavailable
from weir.kafka.record import Message
from weir.platform import first_notifications
from weir.promo.campaigns import StoredCampaign
from weir.settings import Settings

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SETTINGS = Settings(_env_file=None)
Shown = Callable[..., str]


def stored(content: str, state: str = "active", notified: int = 3) -> StoredCampaign:
    return StoredCampaign(
        adv_campaign_id="c",
        restaurant_id="r",
        content=content,
        owner="",
        contact="",
        starts_at=1,
        ends_at=2,
        datetime_created=0,
        revision=1,
        state=state,
        at_start_only=False,
        received_at=NOW,
        decided_at=NOW,
        cancelled_at=None,
        cancelled_by=None,
        notified=notified,
    )


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shown:
    """The screen for these campaigns, with four messages in Kafka."""
    value = b'{"client_id": "a", "adv_campaign_content": "soup\\u001b[2J"}'

    def show(*campaigns: StoredCampaign, settings: Settings = SETTINGS) -> str:
        monkeypatch.setattr(first_notifications, "fetch_campaigns", lambda _: list(campaigns))
        messages = [Message("t", 0, n, b"a", value, (), None) for n in range(4)]
        monkeypatch.setattr(first_notifications, "read_range", lambda *_: iter(messages))
        first_notifications.show_notifications(settings)
        return capsys.readouterr().out

    return show


def test_the_screen_shows_campaigns_and_some_messages(shown: Shown):
    """Three are enough to see what a notification is; none can steer the terminal."""
    assert shown(stored("SAMPLE: tea"), stored("SAMPLE: later", "held", 0)) == (
        "\nPromo (sample data, newest campaigns):\n"
        "  active          3 notified  SAMPLE: tea\n"
        "  held            0 notified  SAMPLE: later\n"
        "  in promo-notifications:\n" + "    to a: soup\\x1b[2J\n" * 3
    )


def test_own_campaigns_are_not_called_samples(shown: Shown):
    """And what they say cannot steer the terminal either."""
    text = shown(stored("soup\x1b[2J"), stored("SAMPLE: tea"))
    assert "Promo (newest campaigns):" in text
    assert "soup\\x1b[2J\n" in text


def test_a_platform_without_samples_may_have_nothing_to_show(shown: Shown):
    """Who feeds it from outside is not kept waiting."""
    settings = Settings(_env_file=None, promo_samples=False)
    assert "none yet: bin/weir promo send FILE" in shown(settings=settings)


def test_samples_that_notify_nobody_are_told_with_a_way_out(shown: Shown, monkeypatch):
    """`make run` must not end as if all were well."""
    monkeypatch.setattr(first_notifications, "LIMIT_SECONDS", 0.0)
    with pytest.raises(Unavailable, match="no notification after 0 s"):
        shown(stored("SAMPLE: tea", notified=0))
