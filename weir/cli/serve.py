"""`weir serve`: the HTTP API in the foreground."""

from __future__ import annotations

import typer

from weir.errors import SettingError
from weir.ports import Port
from weir.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Serve what was counted.")


@app.callback()
def serve() -> None:
    """Serve what was counted."""


@app.command()
def api() -> None:
    """The API (/stats, /healthz, /metrics, /docs), and the metrics on a port of their own."""
    import uvicorn
    from prometheus_client import start_http_server

    from weir.serving.api import create_app
    from weir.serving.parts import build_parts

    settings = load_settings().acting_as("watcher", "service")
    parts = build_parts(settings)
    metrics_port = settings.port(Port.METRICS)
    try:
        metrics_server, _ = start_http_server(metrics_port, "127.0.0.1", parts.registry)
    except OSError as error:
        raise SettingError(
            f"port {metrics_port} (metrics) cannot be opened: {error.strerror}",
            "stop what uses it, or set WEIR_PORT_BASE",
        ) from error
    try:
        uvicorn.run(
            create_app(parts),
            host=settings.api_host,
            port=settings.port(Port.API),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    finally:
        metrics_server.shutdown()
