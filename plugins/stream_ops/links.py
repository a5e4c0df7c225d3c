"""Links of a stream's task. They lead to addresses that stay the same while drivers come and go.

A link is stored when the task defers, which may be months before somebody follows it. So it names
the stream, and `stream_ops.go` sends the browser on to the driver that works now.
"""

from __future__ import annotations

from airflow.sdk import BaseOperatorLink

GO = "/weir/go"


class _StreamLink(BaseOperatorLink):
    """A link whose address depends on the stream alone."""

    name = "Stream"
    place = ""

    def get_link(self, operator: object, *, ti_key: object) -> str:
        stream = getattr(operator, "stream")  # noqa: B009 - every operator of this link has one
        return f"{GO}/{stream}/{self.place}"


class SparkUiLink(_StreamLink):
    """The web UI of the driver that works now."""

    name = "Spark UI"
    place = "spark-ui"


class DriverLogLink(_StreamLink):
    """What the newest driver writes."""

    name = "Driver log"
    place = "log"


class StreamsPageLink(_StreamLink):
    """The stream on the Streams page."""

    name = "Streams page"
    place = "page"
