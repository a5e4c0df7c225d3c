"""What to do after a connection ended: how long to wait, what to say, how to ask next time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BASE_SECONDS = 0.5
CAP_SECONDS = 60.0
PERSON_SECONDS = 300.0  # nothing changes until a person acts; asking often makes it worse
RETRY_AFTER_CAP_SECONDS = 3600.0
OVER_LIMIT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a connection ended. `status` is set when the server refused it."""

    what: str
    status: int | None = None
    retry_after: str = ""
    had_position: bool = False  # the request carried Last-Event-ID
    events: int = 0


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """`wait_seconds` before the next try; `use_since` asks by time instead of by position."""

    wait_seconds: float
    message: str
    use_since: bool = False
    resets_attempts: bool = False


def full_jitter(attempt: int, fraction: float) -> float:
    """A random share (`fraction`, 0..1) of a limit that doubles from 0.5 s up to 60 s."""
    return fraction * min(CAP_SECONDS, BASE_SECONDS * float(1 << min(attempt, 32)))


def parse_retry_after(text: str, now_utc: datetime) -> float | None:
    """Seconds to wait, from seconds or an HTTP date; None when it is neither."""
    text = text.strip()
    if text.isdigit():
        return min(float(text), RETRY_AFTER_CAP_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = (moment - now_utc).total_seconds()
    return min(max(seconds, 0.0), RETRY_AFTER_CAP_SECONDS)


def judge_end(ended: Ended, attempt: int, fraction: float, now_utc: datetime) -> Reaction:
    """Decide from how the connection ended. `attempt` counts the failures in a row, from 0."""
    wait = full_jitter(attempt, fraction)
    asked = parse_retry_after(ended.retry_after, now_utc)
    if ended.status is None:
        # Connections are cut every quarter of an hour: one that delivered was a good one.
        was_good = ended.events > 0
        wait = full_jitter(0, fraction) if was_good else wait
        return Reaction(wait_seconds=wait, message=ended.what, resets_attempts=was_good)
    if ended.status == 403:
        return Reaction(
            wait_seconds=asked or PERSON_SECONDS,
            message="403: Wikimedia refuses our User-Agent; set WEIR_WIKIMEDIA_CONTACT to a URL "
            "or an e-mail address where its operators reach you",
        )
    if ended.status == 429:
        return Reaction(
            wait_seconds=asked if asked is not None else OVER_LIMIT_SECONDS + wait,
            message="429: too many connections from this address; "
            + (f"the server asks for {asked:g} s" if asked is not None else "waiting longer"),
        )
    if ended.status == 400 and ended.had_position:
        return Reaction(
            wait_seconds=wait,
            message="400: the position was refused; asking by time instead",
            use_since=True,
        )
    if 400 <= ended.status < 500 or 300 <= ended.status < 400:
        return Reaction(
            wait_seconds=asked or PERSON_SECONDS,
            message=f"{ended.status}: there is no such stream; check WEIR_WIKIMEDIA_URL",
        )
    return Reaction(
        wait_seconds=max(wait, asked or 0.0), message=f"{ended.status}: the server has a problem"
    )
