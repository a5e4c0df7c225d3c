"""`include/streams.yaml` as frozen values: each stream refuses what cannot work, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from weir.errors import SettingError
from weir.ops.breaker import RestartLimit
from weir.ops.health_limits import HealthLimits
from weir.settings import REPO

STREAMS_FILE = REPO / "include" / "streams.yaml"

# A stream's name is part of application_name, which PostgreSQL cuts at 63 bytes.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
TableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
JsonPath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$")
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Key(_Part):
    """What is counted by: a text in the message, and the column it becomes."""

    path: JsonPath
    column: Name
    max_chars: int = Field(gt=0, le=600, description="longer ones are refused, not cut")


class Time(_Part):
    """The event time: ISO 8601; without a zone it is UTC."""

    path: JsonPath


class Accepted(_Part):
    """Messages outside this range around now are refused, so that no window is in year 99999."""

    days_back: int = Field(gt=0, le=36_500)
    minutes_ahead: int = Field(ge=0, le=1440)


class MeasuredField(_Part):
    """A field that measures look at."""

    path: JsonPath
    type: Literal["string", "boolean"] = Field(alias="as")


class Tables(_Part):
    windows: TableName
    totals: TableName


class Resources(_Part):
    """Heaps and task slots of one stream; a worker must have room for all of them."""

    driver_memory_mb: int = Field(ge=480, description="Spark wants 450 MB of usable heap")
    executor_memory_mb: int = Field(ge=512)
    executor_cores: int = Field(ge=1)
    shuffle_partitions: int = Field(ge=1, le=64)


class StreamSpec(_Part):
    """One Spark application. `weir streams show NAME` prints it."""

    name: Name
    job: Name
    system: str = Field("", description="started only with this in WEIR_WITH; empty: always")
    topic: str = Field(min_length=1)
    source: str = Field(min_length=1)
    answers: tuple[TableName, ...] = Field((), description="tables that a person looks at")
    trigger_ms: int = Field(ge=0, le=60_000)
    max_offsets_per_trigger: int = Field(2_000_000, ge=1000, description="bounds one batch")
    max_refusal_share: float = Field(gt=0, le=1)
    resources: Resources
    restarts: RestartLimit = Field(default_factory=lambda: RestartLimit(max=5, within_minutes=10))
    health: HealthLimits = Field(default_factory=HealthLimits)
    probe_seconds: float = Field(
        0, ge=0, le=3600, description="a synthetic message this often measures the way; 0: none"
    )

    @property
    def answer_tables(self) -> tuple[str, ...]:
        """The tables in which a person finds what the stream made."""
        return self.answers


class CountSpec(StreamSpec):
    """A stream that counts messages per key and pane (job `window_counts`)."""

    key: Key
    time: Time
    pane_seconds: int = Field(gt=0, le=86_400)
    accepted: Accepted
    fields: Mapping[Name, MeasuredField] = Field(default_factory=dict)
    measures: Mapping[Name, Mapping[str, tuple[str | bool, ...]]]
    tables: Tables
    cache: Name | None = None

    @property
    def answer_tables(self) -> tuple[str, ...]:
        return (self.tables.windows, self.tables.totals)

    def model_post_init(self, _: Any) -> None:
        for measure, conditions in self.measures.items():
            for field, values in conditions.items():
                if field not in self.fields:
                    raise ValueError(f"measure {measure} looks at {field!r}, not one of fields")
                wanted = bool if self.fields[field].type == "boolean" else str
                wrong = [value for value in values if type(value) is not wanted]
                if wrong or not values:
                    raise ValueError(
                        f"measure {measure}: {field} is a {self.fields[field].type}, "
                        f"its values are {list(values)}"
                    )
        paths = [self.key.path, self.time.path, *(f.path for f in self.fields.values())]
        for shorter in paths:
            if any(longer.startswith(f"{shorter}.") for longer in paths):
                raise ValueError(f"path {shorter} is a text and a parent of another path")


JOBS: Mapping[str, type[StreamSpec]] = {"window_counts": CountSpec}
"""Jobs whose declaration has more than every stream's."""


def load_streams(path: Path = STREAMS_FILE) -> dict[str, StreamSpec]:
    """Every declared stream by name. Raises SettingError that names stream, field and value."""
    try:
        declared = yaml.safe_load(path.read_text())["streams"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise SettingError(f"{path}: no streams can be read: {error}") from error
    return {name: parse_stream(name, body, path.name) for name, body in declared.items()}


def parse_stream(name: str, body: Mapping[str, Any], file_name: str = "streams") -> StreamSpec:
    """One declaration as a value; every wrong field is named with the value found."""
    try:
        kind = JOBS.get(str(body.get("job")), StreamSpec)
        return kind.model_validate({"name": name, **body})
    except ValidationError as error:
        raise SettingError(f"{file_name}: {name}: {'; '.join(_complaints(error))}") from error


def _complaints(error: ValidationError) -> Iterator[str]:
    for complaint in error.errors():
        where = ".".join(str(part) for part in complaint["loc"])
        text = re.sub(r"^Value error, ", "", complaint["msg"])
        yield f"{where} is {complaint['input']!r}: {text}" if where else text


def find_stream(name: str, path: Path = STREAMS_FILE) -> StreamSpec:
    """The stream of that name. Raises SettingError listing the names there are."""
    streams = load_streams(path)
    if name not in streams:
        raise SettingError(f"there is no stream {name!r}", f"declared: {', '.join(streams)}")
    return streams[name]
