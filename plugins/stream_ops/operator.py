"""The operator that keeps one declared stream running and holds no worker slot while it does.

It works for a second or two, submits or adopts a driver, and defers. The life of the stream is
not the life of the task:

    clear, or mark failed while the DAG is active    a restart at a batch boundary, next epoch
    pause the DAG, then mark failed                  a stop at a batch boundary
    drain (DAG stream_control, `weir streams`)       parked: the task waits for `start`
    triggerer, scheduler or API server dies          nothing; the driver goes on
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Context

from stream_ops.asking import ask_to_drain, epoch_meant, newest_token, next_epoch
from stream_ops.links import DriverLogLink, SparkUiLink, StreamsPageLink
from stream_ops.trigger import StreamTrigger
from weir.ops.adopt import Outcome, bring_up
from weir.ops.follow import BY_AIRFLOW
from weir.settings import load_settings

POOL = "streams"


class StreamLost(RuntimeError):
    """The driver died and Spark did not start it again; a retry submits a new one."""


class SparkStreamOperator(SparkSubmitOperator):
    """Keep the stream of that name running, as far as people want it to run.

    Is a provider's SparkSubmitOperator by type, connection and place in the UI; submitting,
    polling and killing are Weir's own, because the provider's hold a slot and kill drivers.
    """

    template_fields = ()
    operator_extra_links = (SparkUiLink(), DriverLogLink(), StreamsPageLink())

    def __init__(
        self,
        *,
        stream: str,
        pool: str = POOL,
        retries: int = 6,
        retry_delay: timedelta = timedelta(seconds=10),
        retry_exponential_backoff: float = 2.0,
        max_retry_delay: timedelta = timedelta(minutes=2),
        **kwargs: Any,
    ) -> None:
        super().__init__(
            name=stream,
            pool=pool,
            retries=retries,
            retry_delay=retry_delay,
            retry_exponential_backoff=retry_exponential_backoff,
            max_retry_delay=max_retry_delay,
            **kwargs,
        )
        self.stream = stream
        self._meant: int | None = None

    def execute(self, context: Context) -> NoReturn:
        """Bring the stream up, or park, and defer."""
        self._follow(context)

    def resume(self, context: Context, event: Mapping[str, Any]) -> NoReturn:
        """What the trigger saw: act on it and defer again. Raises StreamLost."""
        self.log.info("%s: %s", self.stream, event["why"])
        if event["lost"]:
            raise StreamLost(f"{self.stream}: {event['why']}")
        self._follow(context)

    def on_kill(self) -> None:
        """A person ends the task while it submits: ask that driver to stop at a batch boundary."""
        if self._meant is not None:
            ask_to_drain(load_settings(), self.stream, self._meant)

    def _follow(self, context: Context) -> NoReturn:
        settings = load_settings()
        self._meant = epoch_meant(settings, self.stream, None)
        outcome, epoch = bring_up(settings, self.stream, changed_by=_who(context))
        if outcome is Outcome.SUBMITTED:
            # The lease is free, or its owner goes: either way the next epoch is this driver's.
            self._meant = next_epoch(settings, self.stream, self._meant)
        self.log.info("%s: %s, epoch %s", self.stream, outcome, epoch)
        self.defer(
            trigger=StreamTrigger(
                stream=self.stream,
                epoch=epoch,
                means=self._meant if epoch is None else epoch,
                token=newest_token(settings, self.stream),
                parked=outcome is Outcome.PARKED,
            ),
            method_name="resume",
            timeout=None,
        )


def _who(context: Context) -> str:
    return f"{BY_AIRFLOW}{context['dag_run'].dag_id}"
