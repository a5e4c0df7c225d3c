"""Make the passwords of the compose file at its first start: 0600 files in a volume.

Every service that reads them runs as the user that wrote them. Running it again keeps them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from weir.platform.airflow import keep_keys
from weir.platform.secrets import keep_password, write_private

DATABASE = "weir"


def make_secrets(folder: Path) -> None:
    """The passwords of PostgreSQL, Redis, Airflow and Grafana, and the files that carry them."""
    keep_keys(folder)
    password = keep_password(folder / "postgres.password")
    passfile = folder / "pgpass"
    write_private(passfile, f"postgres:5432:*:{DATABASE}:{password}\n")
    write_private(
        folder / "postgres.dsn",
        f"host=postgres port=5432 dbname={DATABASE} user={DATABASE} passfile={passfile}\n",
    )
    keep_password(folder / "grafana.password")
    keep_password(folder / "feedback.token")  # of POST /promo/feedback
    redis = keep_password(folder / "redis.password")
    write_private(folder / "exporter-redis.json", json.dumps({"redis://redis:6379": redis}))
    lines = [
        "bind 0.0.0.0",  # reached over the compose network only; published on loopback
        f"requirepass {redis}",
        'save ""',
        "appendonly no",
        "maxmemory 256mb",
        "maxmemory-policy noeviction",
    ]
    write_private(folder / "redis.conf", "\n".join(lines) + "\n")


if __name__ == "__main__":
    make_secrets(Path(sys.argv[1]))
