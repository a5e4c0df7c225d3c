"""A person's word on what readers have got, for the day on which the markers are lost."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from weir.errors import SettingError
from weir.ops.audit import note_deed
from weir.ops.lease import Pg
from weir.promo.marker import CHUNKS, NEWEST, OLDEST, order_published

WORD: Final = re.compile(r"(?P<seq>\d{1,18})(/(?P<chunk>[1-9]\d{0,8}))?", re.ASCII)


class UpTo(NamedTuple):
    """Readers have all batches before `seq`, and of it the chunks up to `chunk` (None: all)."""

    seq: int
    chunk: int | None = None


def published_up_to(assume_published: str, republish_from: str) -> UpTo | None:
    """What counts as published by SEQ or SEQ/CHUNK; None without an order (both empty).

    Raises SettingError when both are given, or one is no batch.
    """
    if assume_published and republish_from:
        raise SettingError("give --assume-published or --republish-from, not both")
    if assume_published:
        return _parse(assume_published)
    if not republish_from:
        return None
    first = _parse(republish_from)
    if first.chunk is not None:
        return UpTo(first.seq, first.chunk - 1)
    return UpTo(max(0, first.seq - 1))


def take_as_published(connection: Pg, stream: str, up_to: UpTo, *, who: str, via: str) -> None:
    """Order that the next start takes what `up_to` says as published, and publishes the rest.

    Raises SettingError for a stream that has sealed nothing, or not as much, or has forgotten what
    it would publish.
    """
    (newest,) = connection.execute(NEWEST, [stream]).fetchone() or (0,)
    if not newest:
        raise SettingError(f"{stream} has sealed no batches", "only promo_join publishes so")
    if up_to.seq > newest:
        raise SettingError(f"the newest sealed batch of {stream} is {newest}", "give it or less")
    if up_to.chunk is not None:
        found = connection.execute(CHUNKS, [stream, up_to.seq]).fetchone()
        chunks = found[0] if found else 0
        if up_to.chunk > chunks:
            raise SettingError(f"batch {up_to.seq} of {stream} has {chunks} chunks", "give one")
    with connection.transaction():
        order_published(connection, stream, up_to.seq, up_to.chunk, who)
        # After the order, which what forgets looks at: so neither misses the other.
        (oldest,) = connection.execute(OLDEST, [stream]).fetchone() or (0,)
        if up_to.seq + (up_to.chunk is None) < oldest:
            raise SettingError(
                f"the oldest batch of {stream} that is kept is {oldest}",
                f"who has not got what came before never will; --republish-from {oldest}",
            )
        note_deed(
            connection,
            who=who,
            via=via,
            action="published",
            subject=stream,
            up_to=up_to.seq,
            **({} if up_to.chunk is None else {"chunk": up_to.chunk}),
        )


def _parse(word: str) -> UpTo:
    matched = WORD.fullmatch(word)
    if matched is None:
        raise SettingError(
            f"{word!r} is no batch", "give SEQ or SEQ/CHUNK, as the header weir-batch ends"
        )
    chunk = matched["chunk"]
    return UpTo(int(matched["seq"]), None if chunk is None else int(chunk))
