"""What `dead_letter_redrive` does with its form; the work itself is the library's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weir.ops.redrive import redrive
from weir.ops.redrive_wish import Wish, preview
from weir.settings import load_settings
from weir.store.postgres import connect


def wish_of(params: Mapping[str, Any]) -> Wish:
    """What the form asks for; an empty field does not filter."""
    asked = (reason.strip() for reason in params["reasons"] or ())
    return Wish(
        topic=(params["topic"] or "").strip() or None,
        refused_by=(params["refused_by"] or "").strip() or None,
        reasons=tuple(reason for reason in asked if reason),
    )


def look(params: Mapping[str, Any]) -> list[str]:
    """One line per kind of letters that the form means."""
    with connect(load_settings().dsn_file, application_name="weir:redrive") as connection:
        found = preview(connection, wish_of(params))
    return [
        f"{each.letters} {each.state}: {each.topic}, {each.refused_by}, {each.reason}"
        for each in found
    ] or ["no letter is meant"]


def send(params: Mapping[str, Any], *, who: str) -> str:
    """Send the letters again; what was done, in words."""
    sent = redrive(
        load_settings(),
        wish_of(params),
        asked_by=who,
        via="dead_letter_redrive",
        per_second=float(params["per_second"]),
        limit=params["limit"] or None,
    )
    return (
        f"{sent.letters} letters were sent again, {sent.recovered} of them decided by an earlier"
        f" run; left: {sent.too_large} too large, {sent.without_topic} whose topic is not here"
    )
