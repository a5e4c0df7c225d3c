"""The promo driver without Spark: its lease, seal, publisher and failpoints in a process of a test.

Spark's part is planning and reading; this process plans from the ledger at each start, as a driver
does that lost its checkpoint. So a matrix of many deaths costs seconds, not minutes.
Run: python -m tests.faults.step3.joiner --conf-file FILE --token TOKEN
"""

from __future__ import annotations

import argparse
import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spark_jobs.lib.control import Control
from spark_jobs.lib.driver import Driver
from spark_jobs.lib.pulse import Pulse
from spark_jobs.lib.slices import Slice
from spark_jobs.lib.take_lease import take_lease
from spark_jobs.promo_join.batch import PromoBatch
from spark_jobs.promo_join.main import begin_inputs, open_outlet
from spark_jobs.promo_join.schema import Input
from spark_jobs.promo_join.transforms import sort_out
from weir.kafka.reader import end_offsets, read_range
from weir.ops import failpoint, lease
from weir.ops.driver_file import read_driver_file
from weir.ops.failpoint import reach

LOOK_SECONDS = 0.1


class Joiner:
    """One driver: from the lease to the end."""

    def __init__(self, driver: Driver, folder: Path) -> None:
        self._driver = driver
        self._inputs, self._stands = begin_inputs(driver)
        self._batch = PromoBatch(driver, folder, self._inputs, {}, lambda: open_outlet(driver))
        self._number = 0

    def run(self) -> None:
        """Catch up, then batch after batch until a stop is asked for."""
        self._batch.catch_up()
        stop = self._driver.control.stop
        while not stop.is_set():
            ends = {s.topic: dict(end_offsets(s.settings, s.topic)) for s in self._inputs}
            if ends == self._stands:
                stop.wait(LOOK_SECONDS)
                continue
            self._join(Slice(batch_id=self._number, begins=self._stands, ends=ends))
            self._stands, self._number = ends, self._number + 1

    def _join(self, batch: Slice) -> None:
        reach("before_batch")
        rows = [row for source in self._inputs for row in rows_of(source, batch)]
        found = sort_out(rows, self._inputs[0].topic)
        self._batch._sealed(found, batch, time.monotonic())
        self._batch._notifications.publish(self._batch.connection())
        reach("after_publish")


def rows_of(source: Input, batch: Slice) -> Iterator[dict[str, Any]]:
    """The messages of the batch as Spark gives them to `sort_out`."""
    start, end = batch.begins[source.topic], batch.ends[source.topic]
    for message in read_range(source.settings, source.topic, start, end, probes=True):
        yield {
            "topic": message.topic,
            "partition": message.partition,
            "offset": message.offset,
            "timestamp": datetime.fromtimestamp((message.timestamp_ms or 0) / 1000, UTC),
            "value_bytes": None if message.value is None else len(message.value),
            "value": message.value,
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--conf-file", type=Path, required=True)
    parser.add_argument("--token", required=True)
    arguments = parser.parse_args()
    file = read_driver_file(arguments.conf_file)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    limit = file.spec.restarts
    epoch = take_lease(
        file.settings, file.stream, owner=owner, token=arguments.token, restarts=limit
    )
    if epoch is None:
        return
    name = lease.application_name(file.stream, epoch)
    driver = Driver(file=file, epoch=epoch, control=Control(), application_name=name)
    Pulse(file.settings, file.stream, epoch, driver.control, driver.beats).start()
    failpoint.arm(file.settings)
    try:
        Joiner(driver, file.checkpoints).run()
    except lease.Fenced:
        return


if __name__ == "__main__":
    main()
