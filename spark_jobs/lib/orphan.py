"""A driver's Python must not outlive its JVM: it would go on beating for a stream that is dead."""

from __future__ import annotations

import os
import threading

LOOK_SECONDS = 0.5


def end_with_parent() -> None:
    """From now on: when the parent process is gone, end at once with a code that means failure.

    After a kill -9 of the JVM (or of its worker) nothing else ends a thread that does not happen
    to talk to Spark.
    """
    parent = os.getppid()
    ended = threading.Event()

    def watch() -> None:
        while os.getppid() == parent:
            ended.wait(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
