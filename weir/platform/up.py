"""Start the platform: each component when what it needs is healthy, one line of progress each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from weir.errors import Unavailable
from weir.platform import leftovers
from weir.platform.component import Component
from weir.platform.doctor import refuse_what_cannot_start
from weir.platform.layout import Layout
from weir.platform.supervisor import Supervisor

Say = Callable[[str], None]
POLL_SECONDS = 0.1
STEPS_AFTER = {
    "schema": ("postgres",),
    "logins": ("kafka",),
    "topics": ("kafka", "logins"),
    "streams": ("schema", "topics", "spark-master"),
    "samples": ("schema", "topics"),
    "counts": ("streams", "api", "collect-wikimedia"),
    "metadata": ("postgres", "schema"),  # whose login is made with the schema
}
# Weir's own processes need the schema and the topics. Airflow finds its streams submitted: it
# adopts them, and its start does not take the processor from theirs.
STEPS_BEFORE = {
    "collect-": ("schema", "topics"),
    "api": ("schema", "topics"),
    "reconcile": ("schema",),
    "promo-wake": ("schema", "topics"),
    "airflow-": ("metadata", "streams"),
}


def start_platform(
    layout: Layout,
    components: Sequence[Component],
    say: Say,
    steps: dict[str, Callable[[], str]] | None = None,
) -> None:
    """Bring every component up; harmless when they run already.

    `steps` are one-off actions (schema, topics, streams) by name; each runs as soon as what
    STEPS_AFTER names is healthy, and returns a word for its progress line.
    Raises SettingError before anything is started, Unavailable naming the component that failed.
    """
    supervisor = Supervisor(layout)
    layout.create()
    if not supervisor.alive():
        stale = leftovers.find(layout)
        if stale:
            say(f"stopping {len(stale)} processes that outlived their supervisor")
            leftovers.stop(stale)
        refuse_what_cannot_start(layout, components)
        with ThreadPoolExecutor(len(components)) as pool:
            list(pool.map(lambda c: c.prepare(), components))
        supervisor.start(components)
    else:
        missing = {c.name for c in components} - set(supervisor.processes())
        if missing:
            raise Unavailable(
                f"the running platform has no {', '.join(sorted(missing))}",
                "weir down, then start it with the wanted settings",
            )
    _bring_up(supervisor, components, say, dict(steps or {}))


def _bring_up(
    supervisor: Supervisor,
    components: Sequence[Component],
    say: Say,
    steps: dict[str, Callable[[], str]],
) -> None:
    began = time.monotonic()
    waiting = {c.name: c for c in components}
    started: dict[str, float] = {}
    ready: set[str] = set()
    names = set(waiting) | set(steps)
    with ThreadPoolExecutor(4) as pool, ThreadPoolExecutor(8) as checks:
        running: dict[str, Future[tuple[str, float]]] = {}
        while waiting or running or steps:
            for name in [n for n in steps if _met(STEPS_AFTER.get(n, ()), ready, names)]:
                running[name] = pool.submit(_timed, steps.pop(name))
            for name in [n for n, future in running.items() if future.done()]:
                word, seconds = running.pop(name).result()
                ready.add(name)
                say(f"{name:<18} {word:<28} {seconds:5.1f} s")
            for component in waiting.values():
                needed = (*component.after, *_steps_before(component))
                if component.name not in started and _met(needed, ready, names):
                    supervisor.start_component(component.name)
                    started[component.name] = time.monotonic()
            asked = [c for c in waiting.values() if c.name in started]
            for component, healthy in zip(
                asked, checks.map(lambda c: c.healthy(), asked), strict=True
            ):
                seconds = time.monotonic() - started[component.name]
                if healthy:
                    port = f"port {component.port}" if component.port else ""
                    say(f"{component.name:<18} {'ready  ' + port:<28} {seconds:5.1f} s")
                    ready.add(component.name)
                    del waiting[component.name]
                elif seconds > component.start_seconds:
                    raise Unavailable(
                        f"{component.name} is not healthy after {component.start_seconds:.0f} s",
                        f"weir logs {component.name}",
                    )
            time.sleep(POLL_SECONDS)
    say(f"{'all':<18} {'ready':<28} {time.monotonic() - began:5.1f} s")


def _steps_before(component: Component) -> tuple[str, ...]:
    found = (steps for start, steps in STEPS_BEFORE.items() if component.name.startswith(start))
    return next(found, ())


def _met(needed: Sequence[str], ready: set[str], known: set[str]) -> bool:
    """Whether all that is needed, and part of this start, is ready; `kafka` means every broker."""
    members = {k for name in needed for k in known if k == name or k.startswith(f"{name}-")}
    return members <= ready


def _timed(step: Callable[[], str]) -> tuple[str, float]:
    began = time.monotonic()
    return step(), time.monotonic() - began
