"""`weir market search`: what a client finds; and what clients searched for."""

from __future__ import annotations

import sys
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import typer

from weir.cli.output import print_json, print_table
from weir.cli.terminal import printable
from weir.clock import utc_now
from weir.errors import SettingError
from weir.settings import Settings, load_settings

if TYPE_CHECKING:
    from weir.market.search_answer import Answer
    from weir.market.search_request import Question

NEVER_WAIT_SECONDS = 3.0


def register(app: typer.Typer) -> None:
    """Add the verbs about searches."""
    app.command()(search)
    app.command()(searches)


def search(
    query: str = typer.Argument(help="Words, a beginning of one, an SKU or a product id"),
    limit: int = typer.Option(5, min=1, max=50, help="How many products"),
    category: str = typer.Option("", help="Only of this category"),
    brand: str = typer.Option("", help="Only of this brand"),
    shop: str = typer.Option("", help="Only of this shop"),
    min_price: str = typer.Option("", help="Only from this price on"),
    max_price: str = typer.Option("", help="Only up to this price"),
    currency: str = typer.Option("RUB", help="Of these prices"),
    in_stock: bool = typer.Option(False, "--in-stock", help="Only what can be had now"),
    user: str = typer.Option("", help="Who searches; recommendations learn from it"),
    explain: bool = typer.Option(False, "--explain", help="Why these, and why in this order"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """Find products, in Russian or English, also with typos. Banned ones are never shown."""
    from weir.market.search import as_object
    from weir.market.search import search as find_products
    from weir.market.search_connection import answering, connect_for_search
    from weir.market.search_log import note_search
    from weir.market.search_request import Question

    question = Question(
        query=query,
        limit=limit,
        category=category or None,
        brand=brand or None,
        shop=shop or None,
        min_price=parse_price(min_price),
        max_price=parse_price(max_price),
        currency=currency.upper(),
        in_stock=in_stock,
        explain=explain,
    )
    settings = load_settings()
    with answering(), connect_for_search(settings.dsn_file) as connection:
        answer = find_products(connection, question)
        if json:
            print_json(as_object(answer))
        else:
            print_answer(answer)
        note_search(connection, query, answer.found)
    send_event(settings, question, answer, user)


def searches(
    hours: int = typer.Option(24, min=1, help="Of the last so many hours"),
    limit: int = typer.Option(20, min=1, help="How many queries"),
    empty: bool = typer.Option(False, "--empty", help="Only what finds nothing by now"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """What people searched for most; with --empty, what they did not find."""
    from weir.market.search_log import read_searches
    from weir.store.postgres import connect

    with connect(load_settings().dsn_file, application_name="weir:market:searches") as connection:
        found = read_searches(connection, hours=hours, limit=limit, empty=empty)
    if json:
        print_json([asdict(row) for row in found])
        return
    print_table(
        ["query", "searches", "found nothing", "found last", "last search"],
        [
            (
                printable(row.query, 60),
                *(row.searches, row.empty_searches, row.last_found),
                f"{row.last_at:%Y-%m-%d %H:%M}Z",
            )
            for row in found
        ],
    )


def parse_price(text: str) -> Decimal | None:
    """A price of the command line; empty: none."""
    if not text:
        return None
    try:
        return Decimal(text.replace(",", ".").replace(" ", ""))
    except InvalidOperation as error:
        raise SettingError(f"{text!r} is no price") from error


def send_event(settings: Settings, question: Question, answer: Answer, user: str) -> None:
    """The search as an event, after its answer is on the screen."""
    from weir.market.search_events import SearchEvents, event_of

    lost: list[str] = []
    events = SearchEvents(settings, lambda outcome: lost.append(outcome))
    events.offer(event_of(question, answer, user, int(utc_now().timestamp() * 1000)))
    if events.finish(NEVER_WAIT_SECONDS) or "lost" in lost:
        reason = events.trouble.text or "no answer"
        print(f"weir: Kafka did not take the event of this search: {reason}", file=sys.stderr)


def print_answer(answer: Answer) -> None:
    """A table, what else there is, and how the query was understood."""
    for word in answer.words:
        if word.way == "unknown":
            print(f"no product has {printable(word.typed)!r}: left out")
        elif word.way in ("typo", "alphabet", "split", "beginning"):
            print(f"{printable(word.typed)}: read as {printable(word.said)}")
    if answer.read_as != answer.query:
        print(f"read on the other keyboard layout: {printable(answer.read_as)}")
    if answer.missing and answer.hits:
        print(f"few products have all words; these may lack {answer.missing}")
    print_table(
        ["product", "name", "price", "category", "brand", "shop"],
        [
            (
                printable(hit.product_id),
                printable(marked(hit.highlight), 80),
                f"{hit.price} {printable(hit.currency)}",
                *(printable(text) for text in (hit.category, hit.brand, hit.shop)),
            )
            for hit in answer.hits
        ],
    )
    more = " or more" if answer.at_least else ""
    print(f"{answer.found}{more} found")
    for name, values in (("categories", answer.categories), ("brands", answer.brands)):
        if values:
            counted = ", ".join(f"{printable(v.value)} {v.products}" for v in values)
            print(f"{name}: {counted}")
    for price in answer.prices:
        print(f"prices: {price.lowest} to {price.highest} {printable(price.currency)}")
    if answer.explained is not None:
        print_json(answer.explained)


def marked(text: str) -> str:
    """What matched, in the brackets of a terminal."""
    return text.replace("⟦", "[").replace("⟧", "]")
