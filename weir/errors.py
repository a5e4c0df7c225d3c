"""Errors, sorted by what the caller does about them.

WeirError            a person reads `what` and `hint`; exit code 1
  SettingError       a setting is wrong: fix it, nothing was started; exit code 2
  Unavailable        a service is away: try again later; exit code 3
  ContractError      stored facts disagree: a person must decide; exit code 4
  PublishError       a message was not confirmed: the process must end and start anew; exit code 5
"""

from __future__ import annotations


class WeirError(Exception):
    """Something a person can act on: `what` went wrong, and the `hint` that leads out."""

    exit_code = 1

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what if not hint else f"{what}\n  -> {hint}")
        self.what = what
        self.hint = hint


class SettingError(WeirError):
    """A setting or a declaration holds a value that cannot work."""

    exit_code = 2


class Unavailable(WeirError):
    """A service does not answer (yet)."""

    exit_code = 3

    def __init__(self, what: str, hint: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(what, hint)
        self.retry_after_seconds = retry_after_seconds


class ContractError(WeirError):
    """What is stored and what is asked do not fit; going on would lose or double data."""

    exit_code = 4


class PublishError(WeirError):
    """Kafka did not confirm a message or a transaction. Never retried inside the process."""

    exit_code = 5
