"""The form by which a catalogue is published, as sendings; what the form does not check is
checked here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from weir.errors import SettingError
from weir.market.offers_file import Offer, read_offers
from weir.market.shop_send import Sending, sendings_of
from weir.settings import REPO

DATA = REPO / "include" / "data"


def catalogue_of_form(
    values: Mapping[str, Any], end: datetime | None, asked_utc: datetime
) -> tuple[list[Offer], Iterator[Sending]]:
    """The products, and what is sent of them: the file's, or those that were typed in.

    They count from the end of the run's data interval on, so that a run for an older interval
    never takes the place of what is newer; without an interval from when the form was sent.
    A retry sends the same versions. Raises SettingError with product and reason.
    """
    given = values.get("products") or []
    content = orjson.dumps(given) if given else read_file(str(values.get("file") or ""))
    offers = read_offers(content)
    at = min(end or asked_utc, asked_utc)
    # A microsecond apart: a product that stands in the file twice ends as its last line says.
    steps = count()
    return offers, sendings_of(offers, lambda: at + timedelta(microseconds=next(steps)))


def read_file(name: str) -> bytes:
    """A file of the repository's data folder: a form must not read any file of the machine."""
    file = (DATA / name).resolve()
    if not name or DATA.resolve() not in file.parents:
        raise SettingError(f"{name!r} is no file of {DATA.name}", "e.g. products.json")
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise SettingError(f"{name} cannot be read: {error.strerror}") from error
