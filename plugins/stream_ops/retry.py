"""What a task tries again: a service that is away heals itself, a contradiction does not."""

from __future__ import annotations

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

UNLESS_A_PERSON_MUST_ACT = ExceptionRetryPolicy(
    [
        RetryRule(
            ["weir.errors.ContractError", "weir.errors.SettingError"],
            action=RetryAction.FAIL,
            reason="trying again changes nothing: a person must decide",
        )
    ]
)
