"""The fields of a form as a campaign: what the form does not check is checked here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from weir.contracts.campaign import FIELDS, Campaign, Refusal, parse_campaign
from weir.errors import SettingError
from weir.promo.campaign_file import Entry


def campaign_of_form(values: Mapping[str, Any], asked_utc: datetime) -> tuple[Entry, Campaign]:
    """The message and what it says. An empty creation time is when the form was sent, so that a
    retry sends the same message. Raises SettingError with field and reason."""
    message = {name: values[name] for name in FIELDS if values.get(name) is not None}
    message.setdefault("datetime_created", int(asked_utc.timestamp()))
    value = orjson.dumps(message)
    judged = parse_campaign(value)
    if isinstance(judged, Refusal):
        raise SettingError(f"{judged.reason}: {judged.detail}", "nothing was sent")
    return Entry(1, value, judged), judged
