"""`weir promo`: campaigns of restaurants, whom they reach, what came back."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from weir.cli import promo_feedback, promo_report, promo_send, promo_subscribers, promo_wake
from weir.cli.output import print_json, print_table
from weir.cli.terminal import printable
from weir.settings import load_settings

if TYPE_CHECKING:
    from weir.promo.campaigns import StoredCampaign

app = typer.Typer(no_args_is_help=True, help="Campaigns become notifications, once each.")
app.command()(promo_send.send)
app.command()(promo_report.report)
app.command()(promo_wake.wake)
app.add_typer(promo_feedback.app, name="feedback")
app.add_typer(promo_subscribers.app, name="subscribers")

Json = typer.Option(False, "--json", help="For scripts")
Campaign = typer.Argument(help="The campaign's id, from the list")
STATES = "held, active, expired or cancelled"


@app.command("list")
def list_them(
    state: str = typer.Option("", help=f"Only {STATES}"),
    restaurant: str = typer.Option("", help="Only of this restaurant"),
    limit: int = typer.Option(50, min=1, help="At most so many, the newest first"),
    json: bool = Json,
) -> None:
    """The campaigns that the stream has received."""
    from weir.promo.campaigns import list_campaigns, refuse_unknown_state
    from weir.store.postgres import connect

    refuse_unknown_state(state)
    with connect(load_settings().dsn_file, application_name="weir:promo") as connection:
        found = list_campaigns(
            connection, state=state or None, restaurant=restaurant or None, limit=limit
        )
    if json:
        print_json([as_object(campaign) for campaign in found])
        return
    print_table(
        ["campaign", "state", "starts", "ends", "notified", "content"],
        [
            (
                campaign.adv_campaign_id,
                shown_state(campaign),
                moment(campaign.starts_at),
                moment(campaign.ends_at),
                campaign.notified,
                printable(campaign.content, 50),
            )
            for campaign in found
        ],
    )


@app.command()
def show(campaign: str = Campaign, json: bool = Json) -> None:
    """One campaign: its words, its state, when it was decided and by whom cancelled."""
    from weir.promo.campaigns import fetch_campaign
    from weir.store.postgres import connect

    with connect(load_settings().dsn_file, application_name="weir:promo") as connection:
        found = fetch_campaign(connection, campaign)
    print_campaign(found, json)


@app.command()
def cancel(
    campaign: str = Campaign,
    dry_run: bool = typer.Option(False, help="Only say what would be stopped"),
    json: bool = Json,
) -> None:
    """Notify nobody further; what is sealed already is still published."""
    from weir.promo.campaigns import cancel_campaign, fetch_campaign
    from weir.store.postgres import connect

    with connect(load_settings().dsn_file, application_name="weir:promo") as connection:
        found = (
            fetch_campaign(connection, campaign)
            if dry_run
            else cancel_campaign(connection, campaign, who=getpass.getuser(), via="cli")
        )
    if json:
        print_json(as_object(found) | {"dry_run": dry_run})
        return
    word = "would be cancelled" if dry_run else "is cancelled"
    print(f"{found.adv_campaign_id} {word}; {found.notified} were notified already")


@app.command()
def latecomers(
    campaign: str = Campaign,
    admit: bool = typer.Option(..., "--admit/--refuse", help="Whether they are notified too"),
    dry_run: bool = typer.Option(False, help="Only say how it is now"),
    json: bool = Json,
) -> None:
    """Whether those who subscribe after the campaign has begun get it too (they do by default)."""
    from weir.promo.campaigns import admit_latecomers, fetch_campaign
    from weir.store.postgres import connect

    with connect(load_settings().dsn_file, application_name="weir:promo") as connection:
        found = (
            fetch_campaign(connection, campaign)
            if dry_run
            else admit_latecomers(connection, campaign, admit, who=getpass.getuser(), via="cli")
        )
    if json:
        print_json(as_object(found) | {"dry_run": dry_run})
        return
    word = "not notified" if found.at_start_only else "notified"
    print(f"{found.adv_campaign_id}: who subscribes after its start is {word}")


@app.command()
def audience(campaign: str = Campaign, json: bool = Json) -> None:
    """How many subscribers its restaurant has now, and how many of them were not notified."""
    from weir.promo.campaigns import fetch_campaign
    from weir.promo.reach import count_reach, to_be_notified
    from weir.promo.subscriptions import connect_to_subscribers
    from weir.store.postgres import connect

    settings = load_settings()
    with connect(settings.dsn_file, application_name="weir:promo") as connection:
        found = fetch_campaign(connection, campaign)
    with connect_to_subscribers(settings) as subscribers:
        counted = count_reach(subscribers, found.restaurant_id)
    answer = asdict(counted) | {
        "adv_campaign_id": found.adv_campaign_id,
        "state": found.state,
        "notified": found.notified,
        "to_be_notified": to_be_notified(found, counted),
    }
    if json:
        print_json(answer)
    else:
        print_table(["what", "is"], [(name, printable(str(v))) for name, v in answer.items()])


def print_campaign(campaign: StoredCampaign, json: bool) -> None:
    """All of one campaign."""
    if json:
        print_json(as_object(campaign))
        return
    facts = asdict(campaign) | {
        "starts_at": f"{campaign.starts_at} ({moment(campaign.starts_at)})",
        "ends_at": f"{campaign.ends_at} ({moment(campaign.ends_at)})",
        "state": shown_state(campaign),
    }
    print_table(
        ["what", "is"],
        [(name, None if fact is None else printable(str(fact))) for name, fact in facts.items()],
    )


def as_object(campaign: StoredCampaign) -> dict[str, Any]:
    """For `--json`: the columns as they are stored."""
    return asdict(campaign)


def shown_state(campaign: StoredCampaign) -> str:
    """The state, and an order that no batch has followed yet."""
    waits = campaign.cancelled_at is not None and campaign.state != "cancelled"
    return f"{campaign.state} (cancelling)" if waits else campaign.state


def moment(seconds: int) -> str:
    """Epoch seconds as a UTC time."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}Z"
