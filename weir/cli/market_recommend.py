"""`weir market recommend`: what somebody may want, asked of the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from weir.cli.output import print_json, print_table
from weir.cli.terminal import printable
from weir.settings import load_settings

if TYPE_CHECKING:
    from weir.contracts.recommendation import Answer, Request
    from weir.market.recommend_ask import Asker
    from weir.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the verb about recommendations."""
    app.command()(recommend)


def recommend(
    user: str = typer.Option("", help="For whom; without a name: what is popular"),
    category: str = typer.Option("", help="Only of this category, e.g. Электроника"),
    max_price: str = typer.Option("", help="At most so much, e.g. 30000"),
    currency: str = typer.Option("RUB", help="Of the price"),
    limit: int = typer.Option(10, min=1, max=50, help="At most so many"),
    wait: bool = typer.Option(False, "--wait", help="Wait for the answer and show it"),
    seconds: float = typer.Option(5.0, min=0.1, max=3600, help="The answer is of use so long"),
    dry_run: bool = typer.Option(False, help="Only show the request"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """Ask for recommendations; nothing that is banned when it is shown is among them."""
    from weir.contracts.recommendation import request_json
    from weir.market.recommend_ask import Asker, new_request

    settings = load_settings()
    request = new_request(
        patience_seconds=seconds,
        user=user or None,
        category=category or None,
        max_price=max_price or None,
        currency=currency,
        limit=limit,
    )
    if dry_run:
        print(request_json(request).decode())
        return
    if wait:
        with Asker(settings) as asker:  # what is shown does not wait until it is closed
            show(ask_and_check(settings, asker, request), request, json)
        return
    send(settings, request)
    if json:
        print_json({"correlation_id": request.correlation_id, "asked": True})
    else:
        print(f"asked: the answer comes to recommendations-results as {request.correlation_id}")


def send(settings: Settings, request: Request) -> None:
    """Ask and do not wait."""
    from weir.contracts.recommendation import request_json, request_key
    from weir.kafka.producer import ConfirmedProducer
    from weir.market.recommend_ask import REQUESTS

    publisher = ConfirmedProducer(settings)
    publisher.send(REQUESTS, request_json(request), key=request_key(request))
    publisher.flush()


def ask_and_check(settings: Settings, asker: Asker, request: Request) -> Answer:
    """The answer as it may be shown now. Raises Unavailable when there is none in time."""
    from weir.errors import Unavailable
    from weir.market.recommend_answer import still_allowed
    from weir.store.postgres import connect

    answer = asker.ask(request)
    if answer is None:
        raise Unavailable(
            "no answer before the deadline",
            "weir streams show market_recommend; it runs with WEIR_WITH=market",
        )
    with connect(settings.dsn_file, application_name="weir:market") as connection:
        return still_allowed(connection, answer)


def show(answer: Answer, request: Request, json: bool) -> None:
    """The items with their reasons."""
    from weir.contracts.recommendation import answer_object

    if json:
        took_ms = answer.answered_at_ms - request.asked_at_ms
        print_json(answer_object(answer) | {"took_ms": took_ms})
        return
    if not answer.items:
        print("nothing fits: no listed product of this category and price")
        return
    rows: list[list[Any]] = [
        [
            item.product_id,
            printable(item.name, 50),
            f"{item.price} {item.currency}",
            printable(item.category),
            printable(item.shop, 30),
            printable(item.reason, 80),
        ]
        for item in answer.items
    ]
    print_table(["product", "name", "price", "category", "shop", "why"], rows)
