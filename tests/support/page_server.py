"""The Streams page on a port of its own, with made-up people instead of Airflow's login."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse

from tests.support.eventually import eventually

WHO = "who"  # cookie: admin, viewer, or a stranger without it
SANDBOX = "allow-scripts allow-same-origin allow-forms allow-downloads"  # as Airflow's


def access_of_the_test() -> Any:
    """admin changes, viewer looks, nobody else comes in."""
    from stream_ops.page.access import Access

    def user(request: Request) -> str:
        who = request.cookies.get(WHO)
        if who not in ("admin", "viewer"):
            raise HTTPException(401, "Not authenticated")
        return who

    return Access(
        door=user,
        user=user,
        may=lambda who, method, stream: who == "admin" or method == "GET",
        name=str,
    )


def application(room: Any, order: Any) -> FastAPI:
    """The page as Airflow mounts it, and a page around it as Airflow's."""
    from stream_ops.page.actions import Actions
    from stream_ops.page.app import PREFIX, create_app

    app = FastAPI()
    app.mount(PREFIX, create_app(room, Actions(order, moment_seconds=0.2), access_of_the_test()))

    @app.get("/around/{theme}/{path:path}")
    def around(theme: str, path: str) -> HTMLResponse:
        frame = f'<iframe sandbox="{SANDBOX}" src="/{path}" style="width:100%;height:95vh">'
        return HTMLResponse(
            f'<html class="{theme}"><link rel=icon href="data:,">{frame}</iframe></html>'
        )

    @app.get("/weir/go/{stream}/{place}")
    def go(stream: str, place: str) -> HTMLResponse:
        return HTMLResponse(f"<h1>{place} of {stream}</h1>")

    return app


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve the app in a thread; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started, bool, within_seconds=20)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
