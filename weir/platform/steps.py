"""One-off actions of a start: schema, topics, streams."""

from __future__ import annotations

from collections.abc import Callable

from weir.settings import Settings


def steps_for(
    settings: Settings, components: set[str], *, with_streams: bool
) -> dict[str, Callable[[], str]]:
    """The actions that make sense with these components, by name."""
    steps: dict[str, Callable[[], str]] = {}
    if "postgres" in components:
        steps["schema"] = lambda: _schema(settings)
    if any(name.startswith("kafka") for name in components):
        steps["topics"] = lambda: _topics(settings)
    if with_streams:
        steps["streams"] = lambda: _streams(settings)
    return steps


def _schema(settings: Settings) -> str:
    from weir.store.migrate import migrate

    return f"{len(migrate(settings))} migrations applied"


def _topics(settings: Settings) -> str:
    from weir.kafka.admin import apply

    return f"{len(apply(settings))} topics created"


def _streams(settings: Settings) -> str:
    from weir.ops.launch import start_stream
    from weir.ops.streams import load_streams

    names = list(load_streams())
    for name in names:
        start_stream(settings, name, changed_by="weir up")
    return f"{len(names)} submitted"
