"""promo_join on a company's Kafka: other topics, other users, another authority; and no secret of
either side anywhere but in its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.support import canaries, kcat
from tests.support.company import MENUS, NEWS, client_file, running_company, settings_for
from tests.support.eventually import eventually
from tests.support.promo_stream import PromoStream
from weir.kafka.reader import read_range
from weir.ops.streams import find_stream
from weir.platform.kafka_users import apply_users
from weir.settings import REPO, Settings

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]

SENT = (REPO / "tests" / "support" / "promo_campaign.json").read_text().strip()
FIELDS = [
    *("restaurant_id", "adv_campaign_id", "adv_campaign_content", "adv_campaign_owner"),
    *("adv_campaign_owner_contact", "adv_campaign_datetime_start", "adv_campaign_datetime_end"),
    *("client_id", "datetime_created", "trigger_datetime_created"),
]


@pytest.fixture(scope="module")
def company() -> Iterator[Settings]:
    with running_company() as settings:
        yield settings


@pytest.fixture(scope="module")
def stream(secure: Settings, company: Settings) -> Iterator[PromoStream]:
    """The declared stream with its input and output at the company."""
    stream = PromoStream(settings_for(secure, company), find_stream("promo_join"))
    try:
        stream.subscribe(orjson.loads(SENT)["restaurant_id"], ["a", "b"])
        stream.start()
        yield stream
    finally:
        stream.end()
        apply_users(secure)


def test_kcat_sends_a_campaign_with_a_key_to_the_company_and_reads_the_notifications(
    stream: PromoStream, company: Settings
) -> None:
    """What a company does on its first day with us."""
    kitchen, push = (client_file(company, user) for user in ("acme-kitchen", "acme-push"))
    assert kcat.send(company, MENUS, f"any:{SENT}", "any:{", file=kitchen) == ""
    found = eventually(
        lambda: kcat.read(company, NEWS, file=push), lambda m: len(m) >= 2, within_seconds=150
    )
    campaign = orjson.loads(SENT)
    for client, (key, headers, value) in zip("ab", found, strict=True):
        body = orjson.loads(value)
        assert (key, list(body)) == (client, FIELDS)
        assert {name: body[name] for name in campaign} == campaign
        assert {part.split("=")[0] for part in headers.split(",")} == {
            "notification_id",
            "weir-batch",
        }
    assert {(name, client) for name, _, client in stream.stored()} == {
        (campaign["adv_campaign_id"], "a"),
        (campaign["adv_campaign_id"], "b"),
    }


def test_what_is_refused_from_the_company_becomes_a_dead_letter_of_ours(
    stream: PromoStream,
) -> None:
    """We may not create topics there, and nothing may vanish."""
    dead = eventually(
        lambda: [m.value for m in read_range(stream.settings, f"{MENUS}.dlq")],
        bool,
        within_seconds=30,
    )
    assert dead == [b"{"]


@pytest.mark.parametrize(("user", "topic"), [("acme-push", MENUS), ("acme-kitchen", NEWS)])
def test_a_user_of_the_company_without_the_right_is_refused_by_name(
    company: Settings, user: str, topic: str
) -> None:
    """kcat must say so, and not be silent."""
    complaint = kcat.send(company, topic, "k:{}", file=client_file(company, user))
    assert "authorization failed" in complaint


def test_no_secret_is_in_processes_files_or_pages(
    stream: PromoStream, secure: Settings, company: Settings, tmp_path: Path
) -> None:
    """Whoever looks at `ps`, a log, Spark's pages or its recovery folder learns no password."""
    secrets = canaries.secrets_of(secure.home) | canaries.secrets_of(company.home)
    planted = tmp_path / "planted.log"
    planted.write_text(f"sasl.password={sorted(secrets)[0]}")
    assert canaries.hits(secrets, canaries.files(tmp_path)) == [str(planted)]
    seen = list(canaries.pages(stream.settings))
    kept = [place for place, _ in canaries.files(secure.home)]
    for part in (
        "data/spark/recovery",
        "driver-",
        "streams/promo_join.json",
        "checkpoints/promo_join",
    ):
        assert any(part in place for place in kept), part
    assert canaries.hits(secrets, seen) == []
    assert canaries.hits(secrets, canaries.processes()) == []
    for home in (secure.home, company.home):
        assert canaries.hits(secrets, canaries.files(home)) == []
