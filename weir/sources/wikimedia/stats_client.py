"""Asks Weir's own API for the counts."""

from __future__ import annotations

import httpx
from pydantic import ValidationError

from weir.contracts.stats import Bots, Stats
from weir.errors import SettingError, Unavailable, WeirError

ANSWER_SECONDS = 5.0


def fetch_stats(api_url: str, *, limit: int, bots: Bots, window: str = "all") -> Stats:
    """The answer of `/stats`. Raises Unavailable when the API is away or cannot answer."""
    url = f"{api_url}/stats"
    asked: dict[str, str | int] = {"limit": limit, "bots": bots.value, "window": window}
    try:
        answer = httpx.get(url, params=asked, timeout=ANSWER_SECONDS)
    except httpx.HTTPError as error:
        raise Unavailable(
            f"the API does not answer at {url}: {error}", "weir status; or weir serve api"
        ) from error
    return stats_from(answer)


def stats_from(answer: httpx.Response) -> Stats:
    """The answer as a value; every other answer than a good one is an error in words."""
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        problem = answer.json()
        raise Unavailable(problem["what"], problem["hint"])
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        detail = answer.json()["detail"]
        raise SettingError(detail if isinstance(detail, str) else str(detail[0]["msg"]))
    if not answer.is_success:
        raise Unavailable(f"{answer.url} answered {answer.status_code}", "weir logs api")
    try:
        return Stats.model_validate_json(answer.content)
    except ValidationError as error:
        raise WeirError(
            f"{answer.url} is not the API of this version of Weir", "see what uses that port"
        ) from error
