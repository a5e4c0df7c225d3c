"""`/weir/go/<stream>/<place>`: where the links of a stream's task lead now.

Needs a login like the rest of Airflow. Addresses of drivers change with every restart, so they
are looked up when somebody follows a link.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of nested functions.
from enum import StrEnum

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse, RedirectResponse

from weir.errors import Unavailable
from weir.ops.follow import Sight, fetch_sight
from weir.ops.streams import load_streams
from weir.platform.driver_logs import newest_by_stream
from weir.platform.layout import Layout
from weir.settings import load_settings
from weir.store.postgres import connect

PAGE = "/plugin/streams/weir/streams"


class Place(StrEnum):
    """Where a link of a stream's task may lead."""

    SPARK_UI = "spark-ui"
    LOG = "log"
    PAGE = "page"


def spark_ui_of(sight: Sight, master_ui: str) -> str:
    """The UI of the driver that works now; the master's while none does."""
    return sight.ui_url if sight.alive and sight.ui_url else master_ui


def build_app() -> FastAPI:
    """The web app, with Airflow's own check of who asks."""
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view

    app = FastAPI(
        title="Where a stream's links lead",
        dependencies=[Depends(requires_access_view(AccessView.WEBSITE))],
    )

    @app.get("/{stream}/{place}")
    def go(stream: str, place: Place) -> object:
        if stream not in load_streams():
            raise HTTPException(404, f"there is no stream {stream!r}")
        if place is Place.PAGE:
            return RedirectResponse(f"{PAGE}/{stream}")
        settings = load_settings()
        if place is Place.LOG:
            log = newest_by_stream(Layout(settings)).get(stream)
            if log is None:
                raise HTTPException(404, f"no driver of {stream} has written a log here yet")
            return FileResponse(log, media_type="text/plain; charset=utf-8")
        try:
            with connect(settings.dsn_file, application_name="weir-airflow") as connection:
                sight = fetch_sight(connection, stream)
        except Unavailable as error:
            raise HTTPException(503, str(error)) from error
        return RedirectResponse(spark_ui_of(sight, settings.spark_master_ui_url))

    return app
