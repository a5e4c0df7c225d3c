"""How many drivers work for a stream at the same time, watched from outside all the while."""

from __future__ import annotations

import threading

from weir.errors import Unavailable
from weir.ops.master import fetch_master
from weir.settings import Settings
from weir.store.postgres import connect

LOOK_SECONDS = 0.5


class Watcher(threading.Thread):
    """Counts the applications with the stream's name that the Spark master runs."""

    def __init__(self, settings: Settings, stream: str) -> None:
        super().__init__(name="watcher", daemon=True)
        self.most = 0
        self.looks = 0
        self._settings = settings
        self._stream = stream
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            try:
                apps = fetch_master(self._settings).apps
            except Unavailable:
                continue  # the master is the one that is hurt
            self.looks += 1
            self.most = max(self.most, apps.count(self._stream))

    def end(self) -> int:
        """Stop looking; the largest number seen."""
        self._ended.set()
        self.join()
        return self.most


def batches_of_an_older_epoch(settings: Settings, stream: str) -> int:
    """Batches that were committed after one of a newer epoch: writes of a zombie."""
    with connect(settings.dsn_file, application_name="faults") as connection:
        row = connection.execute(
            "select count(*) from (select epoch, max(epoch) over (order by ended_at, epoch"
            " rows between unbounded preceding and current row) as newest"
            " from ops.stream_progress where stream = %s) as batches where epoch < newest",
            [stream],
        ).fetchone()
    assert row is not None
    return int(row[0])
