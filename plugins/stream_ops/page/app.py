"""The web app of the Streams page: two pages, an API to read, and one to order.

Every path but the scripts and styles needs a login. A stream is seen by who may see its DAG,
and changed by who may change its DAG; the API refuses the others whatever the page shows.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of nested functions.
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel

from stream_ops.page.access import Access, Method, airflow_access
from stream_ops.page.actions import Accepted, Actions, order_by
from stream_ops.page.files import STATIC, AskedAgain, html
from stream_ops.page.shape import overview_of, stream_of
from weir.errors import Unavailable, WeirError
from weir.ops.operations import Verb
from weir.serving.room.history import Span
from weir.serving.room.room import Room
from weir.settings import load_settings

PREFIX = "/weir/streams"


class Confirmed(BaseModel):
    """An order names its stream twice, so that no other page can give one by a bare link."""

    confirm: str


def build_app() -> FastAPI:
    """The app over the settings of this process, with Airflow's own checks."""
    settings = load_settings()
    return create_app(Room(settings), Actions(order_by(settings)), airflow_access())


def create_app(room: Room, actions: Actions, access: Access) -> FastAPI:
    """The app over these parts."""
    app = FastAPI(
        title="Streams",
        dependencies=[Depends(access.door)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    add_errors(app)
    add_api(app, room, actions, access)
    app.mount("/static", AskedAgain(directory=STATIC), name="static")
    add_pages(app, room)
    return app


def add_errors(app: FastAPI) -> None:
    """Errors in words; a person without a login is sent to it."""

    @app.exception_handler(WeirError)
    def in_words(_: Request, error: WeirError) -> JSONResponse:
        status = 503 if isinstance(error, Unavailable) else 409
        return JSONResponse({"detail": {"what": error.what, "hint": error.hint}}, status)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "")
        if error.status_code == 401 and wants_page:
            return RedirectResponse(f"/auth/login?next={request.url.path}", 302)
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


def add_api(app: FastAPI, room: Room, actions: Actions, access: Access) -> None:
    """What the pages read, and the verbs."""
    User = Annotated[Any, Depends(access.user)]

    def needs(method: Method) -> Callable[..., None]:
        def check(stream: str, user: User) -> None:
            if stream not in room.specs or not access.may(user, "GET", stream):
                raise HTTPException(404, f"there is no stream {stream!r} that you may see")
            if not access.may(user, method, stream):
                raise HTTPException(403, f"you may look at {stream}, not change it")

        return check

    @app.get("/api/streams")
    def overview(user: User) -> dict[str, Any]:
        return overview_of(
            room.overview(),
            lambda stream: access.may(user, "GET", stream),
            lambda stream: access.may(user, "PUT", stream),
        )

    @app.get("/api/streams/{stream}", dependencies=[Depends(needs("GET"))])
    def closely(stream: str, user: User, span: Span = Span.HALF_HOUR) -> dict[str, Any]:
        return stream_of(room.closely(stream, span), access.may(user, "PUT", stream))

    @app.post("/api/streams/{stream}/{verb}", dependencies=[Depends(needs("PUT"))])
    def order(stream: str, verb: Verb, confirmed: Confirmed, user: User) -> Accepted:
        if confirmed.confirm != stream:
            raise HTTPException(409, f"the order is for {stream}, confirmed was another")
        accepted = actions.take(stream, verb, access.name(user))
        room.forget()
        return accepted


def add_pages(app: FastAPI, room: Room) -> None:
    """The page of all streams and the page of one."""

    @app.get("/", include_in_schema=False)
    def all_streams() -> Response:
        return html("room")

    @app.get("/{stream}", include_in_schema=False)
    def one_stream(stream: str) -> Response:
        if stream not in room.specs:
            raise HTTPException(404, f"there is no stream {stream!r}")
        return html("stream")
