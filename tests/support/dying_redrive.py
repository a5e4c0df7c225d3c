"""A redrive in a process of its own, which dies where it is told to.

Arguments: settings as JSON, the topic, where to die, the reasons. `in_transaction` is after all
records of a Kafka transaction were sent and before it is committed; the others are failpoints.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import confluent_kafka

from weir.kafka import transactional
from weir.ops.redrive import redrive
from weir.ops.redrive_wish import Wish
from weir.settings import Settings


class DyingProducer(confluent_kafka.Producer):
    """Dies with its second transaction complete but for the commit."""

    begun = 0

    def begin_transaction(self) -> None:
        self.begun += 1
        super().begin_transaction()

    def commit_transaction(self, *timeout: Any) -> None:
        if self.begun == 2:
            self.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        super().commit_transaction(*timeout)


if __name__ == "__main__":
    given, topic, where, *reasons = sys.argv[1:]
    if where == "in_transaction":
        transactional.Producer = DyingProducer
        where = ""
    settings = Settings(_env_file=None, failpoint=where, **json.loads(given))
    wish = Wish(topic=topic, reasons=reasons)
    print(redrive(settings, wish, asked_by="test", via="cli", per_second=60))
