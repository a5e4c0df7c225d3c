"""The marketplace in one look: what answers, how much there is, how far behind each part is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from weir.errors import SettingError, Unavailable
from weir.kafka.declared import Topic
from weir.kafka.offsets import end_offsets, first_offsets
from weir.market.archive_status import ArchiveStatus, fetch_status
from weir.ops.health_reads import Report, fetch_reports_once, fields_of
from weir.ops.lease import Pg
from weir.ops.master import fetch_master
from weir.ops.streams import load_streams
from weir.settings import Settings
from weir.store.postgres import connect

SYSTEM: Final = "market"
COUNTS: Final = """
    select (select count(*) from market.product where state = 'listed'),
      (select count(*) from market.product where state = 'blocked'),
      (select count(*) from market.product where state = 'gone'),
      (select count(*) from market.live_bans()),
      (select count(*) from market.ban_outbox where published_at is null),
      (select count(*) from market.ban_unsettled),
      (select version from market.ban_clock),
      (select coalesce(sum(allowed), 0)::bigint from market.product_minute),
      (select coalesce(sum(blocked), 0)::bigint from market.product_minute)
"""
COUNTED: Final = (
    *("listed", "blocked", "gone", "live_bans", "bans_on_their_way", "rules_not_settled"),
    *("ban_version", "messages_allowed", "messages_blocked"),
)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One connection. `says`: what was found, or why it does not work."""

    name: str
    works: bool
    says: str


@dataclass(frozen=True, kw_only=True)
class TopicCount:
    """A topic: how many offsets Kafka holds of it."""

    topic: str
    kept: int


@dataclass(frozen=True, kw_only=True)
class MarketStatus:
    """Everything; what could not be asked is empty, and its check says why."""

    checks: list[Check]
    counts: dict[str, int] = field(default_factory=dict)
    topics: list[TopicCount] = field(default_factory=list)
    streams: list[dict[str, Any]] = field(default_factory=list)
    archive: ArchiveStatus | None = None

    @property
    def works(self) -> bool:
        """Whether every connection does."""
        return all(check.works for check in self.checks)


def topics_of(settings: Settings) -> list[str]:
    """The market's topics under their names here."""
    return [
        settings.market_products_topic,
        *(Topic.MARKET_BANS, Topic.FILTERED_PRODUCTS, Topic.FILTERED_EVENTS),
        *(Topic.CLIENT_SEARCHES, Topic.CLIENT_RECOMMENDATIONS, Topic.RECOMMENDATIONS_RESULTS),
    ]


def fetch_market_status(settings: Settings) -> MarketStatus:
    """Ask each service. A service that is away is a check that fails, not an error."""
    checks: list[Check] = []
    found: dict[str, Any] = {}

    def ask(name: str, question: Callable[[], str]) -> None:
        try:
            checks.append(Check(name=name, works=True, says=question()))
        except (Unavailable, SettingError) as error:
            checks.append(Check(name=name, works=False, says=error.what))
        except psycopg.Error as error:
            checks.append(Check(name=name, works=False, says=str(error).splitlines()[0]))

    def postgresql() -> str:
        with connect(settings.dsn_file, application_name="weir:market:status") as connection:
            found["counts"] = fetch_counts(connection)
        return f"ban list version {found['counts']['ban_version']}"

    def kafka() -> str:
        found["topics"] = [
            TopicCount(topic=topic, kept=kept_in(settings, topic)) for topic in topics_of(settings)
        ]
        return f"{len(found['topics'])} topics"

    def spark() -> str:
        master = fetch_master(settings)
        if master.status != "ALIVE" or not master.alive_workers:
            raise Unavailable(f"the master is {master.status}, {master.alive_workers} workers")
        return f"{master.alive_workers} workers"

    def streams() -> str:
        reports = fetch_streams(settings)
        found["streams"] = [fields_of(report) for report in reports]
        running = sum(report.state.observed == "running" for report in reports)
        return f"{running} of {len(reports)} run"

    def archive() -> str:
        with connect(settings.dsn_file, application_name="weir:market:status") as connection:
            status = found["archive"] = fetch_status(settings, connection)
        if status.state == "failed" and status.last is not None:
            raise Unavailable(f"its last run failed: {status.last.error}")
        return status.state

    for name, question in (
        ("postgresql", postgresql),
        ("kafka", kafka),
        ("spark", spark),
        ("streams", streams),
        ("archive", archive),
    ):
        ask(name, question)
    return MarketStatus(checks=checks, **found)


def fetch_counts(connection: Pg) -> dict[str, int]:
    """How much there is, by name."""
    row = connection.execute(COUNTS).fetchone()
    return dict(zip(COUNTED, row or (), strict=True))


def fetch_streams(settings: Settings) -> list[Report]:
    """The market's streams: state, health and lag."""
    specs = [spec for spec in load_streams().values() if spec.system == SYSTEM]
    with connect(settings.dsn_file, application_name="weir:market:status") as connection:
        return list(fetch_reports_once(settings, connection, specs))


def kept_in(settings: Settings, topic: str) -> int:
    """Offsets between the oldest kept one and the end. Raises Unavailable, SettingError."""
    first = first_offsets(settings, topic)
    return sum(end - first.get(p, end) for p, end in end_offsets(settings, topic).items())


def refuse_trouble(found: MarketStatus) -> None:
    """Raises Unavailable that names what does not answer."""
    away = [f"{check.name}: {check.says}" for check in found.checks if not check.works]
    if away:
        raise Unavailable("; ".join(away), "weir status; weir logs")
