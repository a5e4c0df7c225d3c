"""A process that publishes 0, 1, 2 ... in transactions until `total`, to be killed at any moment.

Run: python -m tests.support.counting_publisher HOME PORT_BASE NAME TOPIC TOTAL
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from weir.kafka.record import Record
from weir.kafka.transactional import TransactionalPublisher
from weir.settings import Settings


def main(home: str, port_base: str, name: str, topic: str, total: str) -> None:
    """Start at the cursor, publish, and print `done` at the end."""
    settings = Settings(_env_file=None, home=Path(home), port_base=int(port_base))
    publisher = TransactionalPublisher(settings, name)
    cursor = publisher.start() or {"next": 0}
    print(f"from {cursor['next']}", flush=True)
    number = int(cursor["next"])
    sizes = random.Random(number)
    while number < int(total):
        end = min(int(total), number + sizes.randint(1, 50))
        records = [Record(topic=topic, value=b"%d" % n, key=b"%d" % n) for n in range(number, end)]
        publisher.commit(records, {"next": end})
        number = end
        print(number, flush=True)
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
