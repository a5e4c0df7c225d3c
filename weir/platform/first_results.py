"""The closing screen of `make run`: the first real counts, and where to look."""

from __future__ import annotations

import time
from typing import Any

import httpx

from weir.errors import Unavailable
from weir.platform.first_notifications import show_notifications
from weir.platform.status import addresses
from weir.settings import Settings

LIMIT_SECONDS = 120.0


def show_first_results(settings: Settings, *, with_promo: bool = False) -> None:
    """Wait until the API shows counts; print them and the addresses. Raises Unavailable."""
    stats = wait_for_counts(settings)
    totals = stats["totals"]
    print(f"\nResults ({stats['source']['mode']} data, as of {stats['as_of']}):")
    for row in stats["domains"][:8]:
        print(f"  {row['domain']:<28} {row['edits']:>8} edits  {row['bot_edits']:>8} by bots")
    print(f"  {'all ' + str(totals['domains']) + ' domains':<28} {totals['edits']:>8} edits")
    if with_promo:
        show_notifications(settings)
    print("\nLook around:")
    for name, address in addresses(settings).items():
        print(f"  {name:<16} {address}")
    print("  bin/weir wikimedia dashboard     live table, refreshed every 10 s")
    if with_promo:
        print("  bin/weir promo list              campaigns; weir promo report CAMPAIGN")
    if settings.airflow:
        print("  bin/weir login show              users and passwords of Airflow")
    print("  bin/weir status                  every component, its memory and restarts")


def wait_for_counts(settings: Settings) -> dict[str, Any]:
    """The answer of `/stats` as soon as it has a count. Raises Unavailable."""
    deadline = time.monotonic() + LIMIT_SECONDS
    url = f"{settings.api_url}/stats?limit=8"
    seen = "no answer"
    while time.monotonic() < deadline:
        try:
            answer = httpx.get(url, timeout=5)
            seen = f"status {answer.status_code}"
            if answer.is_success and answer.json()["totals"]["changes"] > 0:
                return dict(answer.json())
        except httpx.HTTPError as error:
            seen = repr(error)
        time.sleep(0.5)
    raise Unavailable(
        f"{url} shows no counts after {LIMIT_SECONDS:.0f} s ({seen})",
        "weir status; weir streams list; weir logs collect-wikimedia wikimedia_domain_counts",
    )
