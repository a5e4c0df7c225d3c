"""One supervisord per copy of Weir: starts again what dies, answers on a private socket."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from weir.errors import Unavailable
from weir.platform.component import Component, entry_script, starts_file
from weir.platform.layout import Layout
from weir.platform.secrets import write_private

GRACE_SECONDS = 10.0
# All that the components, and the drivers below a worker, inherit of the caller's environment:
# a secret in it must not reach them. What a component needs stands in its entry script.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "LOGNAME")
ALREADY_STARTED = 60
NOT_RUNNING = 70


class Supervisor:
    """The supervisord of one layout, running or not."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def alive(self) -> bool:
        """Whether supervisord answers."""
        try:
            self._call("supervisor.getState")
        except (OSError, Unavailable):
            return False
        return True

    def start(self, components: Sequence[Component]) -> None:
        """Start supervisord with these components known, none of them started yet."""
        for component in components:
            script = self.layout.run / f"{component.name}.sh"
            write_private(script, entry_script(component, self.layout))
            starts_file(self.layout, component.name).unlink(missing_ok=True)
        write_private(self._configuration_file(), self._configuration(components))
        self.layout.supervisor_socket.unlink(missing_ok=True)
        done = subprocess.run(
            [self.layout.python, "-m", "supervisor.supervisord", "-c", self._configuration_file()],
            env={name: os.environ[name] for name in INHERITED if name in os.environ},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Unavailable(f"supervisord did not start: {(done.stdout + done.stderr).strip()}")
        deadline = time.monotonic() + GRACE_SECONDS
        while not self.alive():
            if time.monotonic() > deadline:
                raise Unavailable(
                    "supervisord started but does not answer", "weir logs supervisord"
                )
            time.sleep(0.05)

    def processes(self) -> dict[str, dict[str, Any]]:
        """Facts per component: statename, pid, start, spawnerr ..."""
        return {row["name"]: row for row in self._call("supervisor.getAllProcessInfo")}

    def start_component(self, name: str) -> None:
        """Ask for a start; harmless when it runs."""
        self._tolerate(ALREADY_STARTED, "supervisor.startProcess", name, False)

    def stop_component(self, name: str) -> None:
        """Stop and wait; harmless when it is stopped."""
        self._tolerate(NOT_RUNNING, "supervisor.stopProcess", name, True)

    def shutdown(self) -> None:
        """End supervisord (and what still runs under it)."""
        self._call("supervisor.shutdown")

    def pid(self) -> int:
        return int(self._call("supervisor.getPID"))

    def _tolerate(self, code: int, method: str, *arguments: object) -> None:
        try:
            self._call(method, *arguments)
        except Fault as fault:
            if fault.faultCode != code:
                raise

    def _call(self, method: str, *arguments: object) -> Any:
        path = str(self.layout.supervisor_socket)
        transport = SupervisorTransport(None, None, f"unix://{path}")
        try:
            with ServerProxy("http://127.0.0.1", transport=transport) as proxy:
                return getattr(proxy, method)(*arguments)
        except (OSError, ConnectionError) as error:
            raise Unavailable(f"the supervisor does not answer: {error}", "weir up") from error

    def _configuration_file(self) -> Path:
        return self.layout.run / "supervisord.conf"

    def _configuration(self, components: Sequence[Component]) -> str:
        def quoted(path: object) -> str:
            return str(path).replace("%", "%%")

        def command(name: str) -> str:
            script = quoted(self.layout.run / f"{name}.sh")
            escaped = script.replace("\\", "\\\\").replace('"', '\\"')
            return f'/bin/sh "{escaped}"'

        parts = [
            "[unix_http_server]",
            f"file={quoted(self.layout.supervisor_socket)}",
            "chmod=0600",
            "[supervisord]",
            f"logfile={quoted(self.layout.logs / 'supervisord.log')}",
            f"pidfile={quoted(self.layout.run / 'supervisord.pid')}",
            f"directory={quoted(self.layout.run)}",
            "umask=022",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        ]
        for component in components:
            parts += [
                f"[program:{component.name}]",
                f"command={command(component.name)}",
                "autostart=false",
                "autorestart=true",
                "startsecs=1",
                "startretries=1000000",
                f"stopsignal={component.stop_signal}",
                f"stopwaitsecs={component.stop_seconds}",
                "killasgroup=true",
                "redirect_stderr=true",
                f"stdout_logfile={quoted(self.layout.logs / (component.name + '.log'))}",
                "stdout_logfile_maxbytes=10MB",
                "stdout_logfile_backups=2",
            ]
        return "\n".join(parts) + "\n"
