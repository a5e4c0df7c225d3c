"""`weir shop`: what a shop does: offer products, change them, take them away."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

from weir.cli.output import print_json
from weir.errors import SettingError
from weir.settings import REPO, load_settings

if TYPE_CHECKING:
    from weir.market.offers_file import Offer
    from weir.market.shop_send import Sending

app = typer.Typer(no_args_is_help=True, help="Products into the marketplace, as a shop sends them.")

PRODUCTS = REPO / "include" / "data" / "products.json"
SLOW_SECONDS = 2.0


@app.callback()
def shop() -> None:
    """What a shop does."""


@app.command()
def send(
    file: Path = typer.Option(PRODUCTS, help="JSON list of products, or one per line"),
    topic: str = typer.Option("", help="Instead of WEIR_MARKET_PRODUCTS_TOPIC"),
    delay: float = typer.Option(
        -1.0, help="Seconds between two products; 2 for the changes of --continuous, else 0"
    ),
    continuous: bool = typer.Option(
        False, "--continuous", help="Then go on with changes of price and stock until Ctrl-C"
    ),
    rate: float = typer.Option(0.0, min=0, help="Products per second, instead of --delay"),
    shops: int = typer.Option(0, min=0, help="So many sample shops instead of the file"),
    products: int = typer.Option(1000, min=1, help="Of each sample shop"),
    seed: int = typer.Option(1, help="Of the sample shops and of the changes"),
    keep_times: bool = typer.Option(False, help="Send updated_at of the file; else it is now"),
    delete: list[str] = typer.Option([], help="Only say that this product is gone; many times"),
    dry_run: bool = typer.Option(False, help="Only check, and say what would be sent"),
    json: bool = typer.Option(False, "--json", help="For scripts"),
) -> None:
    """Check every product as the filter does, then send them all, or none; each is confirmed."""
    from weir.kafka.producer import ConfirmedProducer
    from weir.market.shop_send import Pace, send_all

    if rate and delay >= 0:
        raise SettingError("--rate and --delay are given", "one of them")
    settings = load_settings()
    where = topic or settings.market_products_topic
    offers = [] if shops or delete else offers_of(file)
    count = len(delete) or shops * products or len(offers)
    if continuous and not offers:
        raise SettingError("--continuous needs a file", "--shops and --delete end by themselves")
    if dry_run:
        tell(json, {"dry_run": True, "topic": where, "products": count})
        return
    per_second = rate or (1.0 / delay if delay > 0 else None)
    publisher, stop = ConfirmedProducer(settings), asked_to_stop()
    once = planned(offers, delete, (shops, products, seed), keep_times=keep_times)
    sent = send_all(
        publisher, where, once, pace=Pace(per_second), wait=stop.wait, told=progress(count)
    )
    if continuous and not stop.is_set():
        slow = Pace(per_second or 1.0 / SLOW_SECONDS)
        sent += send_all(publisher, where, going_on(offers, seed), pace=slow, wait=stop.wait)
    tell(
        json,
        {
            "dry_run": False,
            "topic": where,
            "products": sent.records,
            "seconds": round(sent.seconds, 2),
            "per_second": round(sent.per_second),
        },
    )


def offers_of(file: Path) -> list[Offer]:
    """The products of a file. Raises SettingError."""
    from weir.market.offers_file import read_offers

    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise SettingError(f"{file} cannot be read: {error.strerror}") from error
    return read_offers(content)


def planned(
    offers: list[Offer], delete: list[str], sample: tuple[int, int, int], *, keep_times: bool
) -> Iterator[Sending]:
    """What is sent once. sample: shops, products of each, seed."""
    from weir.clock import utc_now
    from weir.market.shop_send import generated, sendings_of, withdrawals

    shops, products, seed = sample
    if delete:
        return withdrawals(delete)
    if shops:
        return generated(shops, products, seed=seed)
    return sendings_of(offers, None if keep_times else utc_now)


def going_on(offers: list[Offer], seed: int) -> Iterator[Sending]:
    """What follows without end."""
    from weir.market.shop_send import unending

    return unending(offers, seed=seed)


def asked_to_stop() -> threading.Event:
    """Set by Ctrl-C and by the supervisor: what was sent is confirmed, then the command ends."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return stop


def progress(count: int) -> Callable[[int], None]:
    """A line that counts up, on a terminal only."""

    def told(confirmed: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{confirmed:,} of {count:,} confirmed", end="", file=sys.stderr, flush=True)

    return told


def tell(json: bool, outcome: dict[str, object]) -> None:
    """What was, or would be, sent."""
    if json:
        print_json(outcome)
        return
    verb = "would be sent" if outcome["dry_run"] else "sent and confirmed"
    speed = f", {outcome['per_second']:,} a second" if "per_second" in outcome else ""
    print(f"{outcome['products']:,} products {verb} to {outcome['topic']}{speed}")
