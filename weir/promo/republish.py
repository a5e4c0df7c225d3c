"""A person's word on what readers have got, for the day on which the markers are lost."""

from __future__ import annotations

from weir.errors import SettingError
from weir.ops.audit import note_deed
from weir.ops.lease import Pg
from weir.promo.marker import NEWEST, order_published


def published_up_to(assume_published: int, republish_from: int) -> int | None:
    """The last batch that counts as published; None without an order (-1: not given).

    Raises SettingError when both are given.
    """
    if assume_published >= 0 and republish_from >= 0:
        raise SettingError("give --assume-published or --republish-from, not both")
    if republish_from >= 0:
        return max(0, republish_from - 1)
    return assume_published if assume_published >= 0 else None


def take_as_published(connection: Pg, stream: str, seq: int, *, who: str, via: str) -> None:
    """Order that the next start takes batches up to `seq` as published, and publishes the rest.

    Raises SettingError for a stream that has sealed nothing, or not as much.
    """
    (newest,) = connection.execute(NEWEST, [stream]).fetchone() or (0,)
    if not newest:
        raise SettingError(f"{stream} has sealed no batches", "only promo_join publishes so")
    if seq > newest:
        raise SettingError(f"the newest sealed batch of {stream} is {newest}", "give it or less")
    with connection.transaction():
        order_published(connection, stream, seq, who)
        note_deed(connection, who=who, via=via, action="published", subject=stream, up_to=seq)
