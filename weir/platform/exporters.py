"""The exporters beside Prometheus: numbers of the machine, of PostgreSQL and of Redis.

Their names begin with `exporter-`: a name such as `postgres-…` would count as a part of PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from weir.platform.component import Component
from weir.platform.layout import Layout
from weir.platform.secrets import keep_password, write_private
from weir.platform.services import answers
from weir.ports import Port

PORTS = {
    "exporter-host": Port.NODE_EXPORTER,
    "exporter-postgres": Port.POSTGRES_EXPORTER,
    "exporter-redis": Port.REDIS_EXPORTER,
}


def exporters(layout: Layout, programs: Mapping[str, str]) -> list[Component]:
    """Those whose program is among `programs` (path by name of the component)."""
    makers = {"exporter-host": _host, "exporter-postgres": _postgres, "exporter-redis": _redis}
    return [make(layout, programs[name]) for name, make in makers.items() if name in programs]


def _exporter(
    layout: Layout, name: str, argv: list[str], env: Mapping[str, str] | None = None
) -> Component:
    port = layout.settings.port(PORTS[name])
    return Component(
        name=name,
        argv=[*argv, f"--web.listen-address=127.0.0.1:{port}"],
        port=port,
        env=env or {},
        healthy=lambda: answers(f"http://127.0.0.1:{port}/"),
    )


def _host(layout: Layout, program: str) -> Component:
    """Processor, memory, disks and network of this machine."""
    wanted = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "pressure", "stat")
    only = ["--collector.disable-defaults", *(f"--collector.{name}" for name in wanted)]
    return _exporter(layout, "exporter-host", [program, *only])


def _postgres(layout: Layout, program: str) -> Component:
    """Reads the password from its file; neither environment nor arguments hold it."""
    settings = layout.settings
    env = {
        "DATA_SOURCE_URI": f"127.0.0.1:{settings.port(Port.POSTGRES)}/weir?sslmode=disable",
        "DATA_SOURCE_USER": "weir",
        "DATA_SOURCE_PASS_FILE": str(layout.secrets / "postgres.password"),
    }
    # This collector asks for columns that PostgreSQL 17 moved elsewhere.
    argv = [program, "--log.level=error", "--no-collector.bgwriter"]
    return replace(_exporter(layout, "exporter-postgres", argv, env), after=("postgres",))


def _redis(layout: Layout, program: str) -> Component:
    """Its password file is a JSON object: address to password."""
    address = f"redis://127.0.0.1:{layout.settings.port(Port.REDIS)}"
    file = layout.secrets / "exporter-redis.json"

    def prepare() -> None:
        password = keep_password(layout.secrets / "redis.password")
        write_private(file, json.dumps({address: password}))

    argv = [program, f"--redis.addr={address}", f"--redis.password-file={file}"]
    return replace(_exporter(layout, "exporter-redis", argv), prepare=prepare)
