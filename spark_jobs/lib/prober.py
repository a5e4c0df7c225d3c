"""Sends the stream's probe into its own topic, and tells the slowest one of a batch.

A thread of its own: neither a batch nor the proof of life waits for Kafka. A probe that cannot be
sent is missing, and its age (a metric) rises.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
import structlog

from weir.errors import PublishError
from weir.kafka.producer import Publisher
from weir.ops.probe import PATTERN, PREFIX, probe_key, probe_value, sent_ms_of
from weir.ops.streams import StreamSpec

log = structlog.get_logger()


class Prober(threading.Thread):
    """Sends a probe every `spec.probe_seconds` until `stop` is set."""

    def __init__(
        self,
        spec: StreamSpec,
        connect: Callable[[], Publisher],
        stop: threading.Event,
        *,
        topic: str | None = None,
    ) -> None:
        """`topic`: one of our own, if the stream's is not; there only the key says what it is."""
        super().__init__(name="prober", daemon=True)
        self._spec = spec
        self._topic = topic
        self._connect = connect
        self._stopped = stop
        self._publisher: Publisher | None = None
        self._complained = False

    def run(self) -> None:
        while not self._stopped.wait(self._spec.probe_seconds):
            try:
                self.send(int(time.time() * 1000))
                self._complained = False
            except PublishError as error:
                self._publisher = None
                if not self._complained:
                    log.warning("no probe could be sent", error=error.what)
                self._complained = True

    def send(self, sent_ms: int) -> None:
        """Send one probe and wait until Kafka has it. Raises PublishError."""
        spec = self._spec
        self._publisher = self._publisher or self._connect()
        key = probe_key(spec.name, sent_ms)
        value = b"{}"
        if self._topic is None:
            value = probe_value(key, spec.key.path, spec.time.path, sent_ms)
        # Its own key as the record's: the probes take turns in all partitions.
        topic = self._topic or spec.topic
        self._publisher.send(topic, value, key=key.encode(), timestamp_ms=sent_ms)
        self._publisher.flush()


def start_prober(
    spec: StreamSpec,
    connect: Callable[[], Publisher],
    stop: threading.Event,
    *,
    topic: str | None = None,
) -> None:
    """Begin to send, if the stream declares probes."""
    if spec.probe_seconds:
        Prober(spec, connect, stop, topic=topic).start()


def without_probes(good: pa.Table, stream: str) -> tuple[pa.Table, int | None]:
    """The partial counts that are no probes, and when the oldest probe of this stream was sent.

    Looks at partial counts, so it costs nothing per message.
    """
    prefixed = pc.starts_with(good["key"], PREFIX)
    if not pc.any(prefixed).as_py():  # also where there is nothing
        return good, None
    probes = pc.match_substring_regex(good["key"], PATTERN)
    keys = good.filter(probes)["key"].to_pylist()
    sent = [at for key in keys if (at := sent_ms_of(stream, key)) is not None]
    return good.filter(pc.invert(probes)), min(sent, default=None)
