"""`POST /promo/feedback`: what a subscriber answered, from whoever holds the token."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import psycopg
from fastapi import FastAPI, HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from weir.contracts.stats import Problem
from weir.errors import SettingError, Unavailable
from weir.promo.feedback import LONGEST_CHARS, Outcome, Wins, set_feedback
from weir.serving.metrics import FeedbackMetrics
from weir.store.postgres import connect
from weir.store.private_file import read_private

Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Security(HTTPBearer(auto_error=False, description="The text of the token file")),
]
NO_TOKEN: Final = "give the token: Authorization: Bearer ..."


class AnswerIn(BaseModel):
    """One answer. Other fields are refused: a misspelt one would be lost."""

    model_config = ConfigDict(extra="forbid")

    adv_campaign_id: str = Field(min_length=1, max_length=100)
    client_id: str = Field(min_length=1, max_length=1000)
    feedback: str = Field(min_length=1, max_length=LONGEST_CHARS)


class AnswerOut(BaseModel):
    """What became of it: `set`, `same` (it was there), or `kept` (an earlier answer wins)."""

    outcome: Outcome
    feedback: str = Field(description="The answer that the row holds now")


@dataclass(frozen=True, kw_only=True)
class FeedbackDoor:
    """What the endpoint needs."""

    dsn_file: Path
    token_file: Path
    wins: Wins
    metrics: FeedbackMetrics


def add_feedback(app: FastAPI, door: FeedbackDoor) -> None:
    """The endpoint. The token is read at each request, so a new one needs no restart."""

    @app.post(
        "/promo/feedback",
        tags=["promo"],
        responses={
            401: {"description": "No token, or a wrong one"},
            404: {"description": "This client was not notified of this campaign"},
            503: {"model": Problem, "description": "PostgreSQL or the token file is away"},
        },
    )
    def feedback(answer: AnswerIn, given: Bearer) -> AnswerOut:
        """Write the answer into the notification's row. Sending it twice equals sending it once."""
        refuse_stranger(given, door.token_file)
        try:
            with connect(
                door.dsn_file,
                application_name="weir:api:feedback",
                connect_timeout_seconds=2,
                statement_timeout="5s",
            ) as connection:
                done = set_feedback(
                    connection, answer.adv_campaign_id, answer.client_id, answer.feedback, door.wins
                )
        except psycopg.OperationalError as error:
            raise Unavailable(f"PostgreSQL: {str(error).strip()}", "try again") from error
        except SettingError as error:
            raise HTTPException(422, error.what) from error
        door.metrics.answers.labels(done.outcome.value).inc()
        if done.feedback is None:
            raise HTTPException(404, "this client was not notified of this campaign")
        return AnswerOut(outcome=done.outcome, feedback=done.feedback)


def refuse_stranger(given: HTTPAuthorizationCredentials | None, token_file: Path) -> None:
    """Raises 401 for a wrong token; Unavailable when there is none to compare with."""
    try:
        token = read_private(token_file, "token file", "WEIR_PROMO_TOKEN_FILE")
    except SettingError as error:
        raise Unavailable(error.what, error.hint) from error
    if not token:
        raise Unavailable(f"{token_file} is empty", "write a long random text into it")
    presented = given.credentials if given else ""
    if not hmac.compare_digest(presented.encode(), token.encode()):
        raise HTTPException(401, NO_TOKEN, headers={"WWW-Authenticate": "Bearer"})
