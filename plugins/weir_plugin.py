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

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        from stream_ops import go

        return [{"app": go.build_app(), "url_prefix": "/weir/go", "name": "weir-go"}]
