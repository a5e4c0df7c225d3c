"""Become a part of Airflow in a container: `python docker/airflow.py metadata|airflow-api|…`.

The same programs and settings as the local platform. `metadata` (once) writes the configuration
into the folder that all parts share and brings the database up to date.
"""

from __future__ import annotations

import os
import sys

from weir.platform.airflow import Airflow
from weir.platform.airflow_database import migrate_metadata
from weir.platform.layout import Layout
from weir.settings import load_settings


def command(name: str, layout: Layout) -> tuple[list[str], dict[str, str]]:
    """The argv and the extra environment of the component `name`."""
    parts = {component.name: component for component in Airflow(layout).components()}
    return parts[name].argv, dict(parts[name].env)


if __name__ == "__main__":
    layout = Layout(load_settings())
    if sys.argv[1] == "metadata":
        print(migrate_metadata(layout))
    else:
        argv, extra = command(sys.argv[1], layout)
        os.execve(argv[0], argv, os.environ | extra)
