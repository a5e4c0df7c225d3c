"""What a subscriber answered to a campaign, in the row of the notification."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

import psycopg

from weir.errors import SettingError

Pg = psycopg.Connection[Any]
Wins = Literal["first", "last"]

LONGEST_CHARS: Final = 4_000

# The row lock puts two answers at the same moment in an order: the second sees the first.
LOCK: Final = """
    select id, feedback from public.subscribers_feedback
    where adv_campaign_id = %s and client_id = %s for update
"""
WRITE: Final = "update public.subscribers_feedback set feedback = %s where id = %s"


class Outcome(StrEnum):
    """What became of an answer."""

    SET = "set"
    SAME = "same"  # it was there already
    KEPT = "kept"  # an earlier answer stays, because the first wins
    UNKNOWN = "unknown"  # nobody was notified so


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The outcome, and the answer that the row holds now."""

    outcome: Outcome
    feedback: str | None


def judge_answer(stored: str | None, given: str, wins: Wins) -> Outcome:
    """What to do with an answer to a notification whose row holds `stored`."""
    if stored is None:
        return Outcome.SET
    if stored == given:
        return Outcome.SAME
    return Outcome.KEPT if wins == "first" else Outcome.SET


def refuse_bad(what: str, text: str) -> str:
    """The text. Raises SettingError for what PostgreSQL or a reader cannot take."""
    if not text.strip():
        raise SettingError(f"the {what} must not be empty")
    if len(text) > LONGEST_CHARS:
        raise SettingError(f"the {what} has {len(text)} characters, at most {LONGEST_CHARS}")
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise SettingError(f"the {what} holds a NUL or half a character")
    return text


def set_feedback(
    connection: Pg, campaign: str, client: str, answer: str, wins: Wins, *, dry_run: bool = False
) -> Answered:
    """Write the answer into the row of this notification. Doing it twice equals doing it once."""
    for what, text in (("campaign", campaign), ("client", client), ("answer", answer)):
        refuse_bad(what, text)
    with connection.transaction(force_rollback=dry_run):
        # A notification's campaign is lower case; the id may come back from a person in capitals.
        row = connection.execute(LOCK, [campaign.lower(), client]).fetchone()
        if row is None:
            return Answered(outcome=Outcome.UNKNOWN, feedback=None)
        outcome = judge_answer(row[1], answer, wins)
        if outcome is not Outcome.SET:
            return Answered(outcome=outcome, feedback=row[1])
        connection.execute(WRITE, [answer, row[0]])
    return Answered(outcome=Outcome.SET, feedback=answer)
