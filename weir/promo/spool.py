"""What another server tells, kept whole before it is used; and a wait for it that ends."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from tempfile import SpooledTemporaryFile
from typing import Final

import orjson
import psycopg

from weir.errors import ContractError
from weir.ops.lease import Pg

MEMORY_BYTES: Final = 4_000_000
"""What is more goes to a file without a name."""
SPOOL_BYTES: Final = 4_000_000_000

Pair = tuple[str, str]


@contextmanager
def spooled(pairs: Iterable[Pair]) -> Iterator[Iterator[Pair]]:
    """All `pairs`, read to their end before the first is given out.

    Raises OSError when the disk has no room, ContractError when it is to hold too many.
    """
    with SpooledTemporaryFile(max_size=MEMORY_BYTES) as kept:
        size = 0
        for pair in pairs:
            size += kept.write(orjson.dumps(pair) + b"\n")
            if size > SPOOL_BYTES:
                raise ContractError(
                    f"one batch has more than {SPOOL_BYTES} bytes of subscribers",
                    "is it the right database? WEIR_SUBSCRIBERS_DSN_FILE",
                )
        kept.seek(0)
        yield ((found[0], found[1]) for found in map(orjson.loads, kept))


@contextmanager
def cut_after(connection: Pg, seconds: float) -> Iterator[None]:
    """Whatever waits for this server then fails, also if it hangs and does not hear a cancel."""
    cut = threading.Event()
    line = socket.socket(fileno=os.dup(connection.fileno()))

    def end() -> None:
        cut.set()
        with suppress(OSError):  # the server was quicker to end it
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except psycopg.Error as error:
        if not cut.is_set():
            raise
        raise psycopg.OperationalError(f"no answer within {seconds:g} s") from error
    finally:
        timer.cancel()
        line.close()
