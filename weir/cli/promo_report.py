"""`weir promo report`: what became of one campaign."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from weir.cli.output import print_json, print_table
from weir.cli.terminal import printable
from weir.errors import ContractError
from weir.settings import load_settings

if TYPE_CHECKING:
    from weir.promo.report import Report
    from weir.promo.report_check import Compared


def report(
    campaign: str = typer.Argument(help="The campaign's id, from the list"),
    verify: bool = typer.Option(
        False, help="Read the output topic and compare both stores; exit code 4 if they differ"
    ),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """How many were notified and how many answered, hour by hour."""
    from weir.promo.report import fetch_report
    from weir.promo.report_check import compare_stores
    from weir.store.postgres import connect

    settings = load_settings()
    with connect(settings.dsn_file, application_name="weir:promo:report") as connection:
        found = fetch_report(connection, campaign)
        compared = compare_stores(settings, connection, found) if verify else None
    if json:
        extra = {} if compared is None else asdict(compared) | {"equal": compared.equal}
        print_json(
            asdict(found) | {"answered_share": found.answered_share, "stores": extra or None}
        )
    else:
        print_report(found)
        if compared is not None:
            print(f"\nboth stores: {words_of(compared)}")
    if compared is not None and compared.differing:
        raise ContractError(
            f"PostgreSQL and Kafka differ: {'; '.join(compared.differing)}",
            "docs/domains/promo.md: when both stores differ",
        )


def print_report(report: Report) -> None:
    """Sums, then hours, then the most frequent answers."""
    share = report.answered_share
    answered = "" if share is None else f" ({share:.1%})"
    print(f"{report.campaign.adv_campaign_id}  {report.campaign.state}")
    print(f"{report.sent} notified, {report.answered} answered{answered}")
    if report.hours:
        print()
        print_table(
            ["hour (UTC)", "notified", "of them answered"],
            [(f"{hour.starts:%Y-%m-%d %H}:00", hour.sent, hour.answered) for hour in report.hours],
        )
    if report.answers:
        print()
        print_table(
            ["answer", "clients"],
            [(printable(answer.feedback, 80), answer.clients) for answer in report.answers],
        )


def words_of(compared: Compared) -> str:
    """What the comparison means."""
    if compared.equal:
        return f"equal, {compared.in_kafka} notifications in each"
    parts = [f"{compared.in_postgres} in PostgreSQL, {compared.in_kafka} in Kafka"]
    if compared.waiting and compared.deleted:
        parts.append(f"{compared.waiting} not published yet, or deleted by Kafka's retention")
    elif compared.waiting:
        parts.append(f"{compared.waiting} not published yet")
    return "; ".join([*parts, *compared.differing])
