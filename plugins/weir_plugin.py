"""The one file that Airflow executes in every process: it names what Weir adds to Airflow.

Kept small on purpose. The code is in the package `stream_ops` beside it; what costs time to
import (a web app) is imported inside a `cached_property`, which only the API server reads.
"""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin


class WeirPlugin(AirflowPlugin):
    """What Weir adds to Airflow."""

    name = "weir"
    external_views = [  # noqa: RUF012 - Airflow wants a plain list
        {
            "name": "Streams",
            "href": "/weir/streams/",
            "destination": "nav",
            "url_route": "streams",
            "nav_top_level": True,
            "icon": "/weir/streams/static/weir.svg",
            "icon_dark_mode": "/weir/streams/static/weir-dark.svg",
        }
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        from stream_ops import go
        from stream_ops.page import app

        return [
            {"app": go.build_app(), "url_prefix": "/weir/go", "name": "weir-go"},
            {"app": app.build_app(), "url_prefix": app.PREFIX, "name": "weir-streams"},
        ]
