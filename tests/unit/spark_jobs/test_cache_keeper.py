"""The cache beside the counting: never in its way, never wrong for long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from spark_jobs.window_counts.cache import CacheKeeper
from weir.errors import Unavailable


class FakeCache:
    """Applies only to the version it holds, as the real one does (see its contract suite)."""

    def __init__(self) -> None:
        self.held: str | None = None
        self.away = False
        self.calls: list[str] = []

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("Redis does not answer")

    def apply(
        self,
        previous_version: str | None,
        version: str,
        windows: Sequence[Any],
        totals: Sequence[Any],
        offsets: Mapping[str, Mapping[int, int]],
    ) -> bool:
        self._answer()
        self.calls.append("apply")
        if previous_version != self.held:
            return False
        self.held = version
        return True

    def rebuild(self, connection: Any, version: str) -> bool:
        self._answer()
        self.calls.append("rebuild")
        self.held = version
        return True

    def version(self) -> str | None:
        self._answer()
        return self.held


def keeper(cache: FakeCache) -> CacheKeeper:
    return CacheKeeper(cache, epoch=7, connect=lambda: nullcontext())  # type: ignore[arg-type,return-value]


def test_the_first_batch_of_a_driver_rebuilds_and_the_next_ones_apply() -> None:
    """A new driver cannot know what its predecessor left."""
    cache = FakeCache()
    ours = keeper(cache)
    ours.apply([], [], {})
    ours.apply([], [], {})
    ours.apply([], [], {})
    assert cache.calls == ["rebuild", "apply", "apply"]


def test_a_cache_that_another_writer_changed_is_rebuilt_at_once() -> None:
    """The dashboard must not show an old number until the next batch."""
    cache = FakeCache()
    ours = keeper(cache)
    ours.apply([], [], {})
    cache.held = "someone:else"
    ours.apply([], [], {})
    assert cache.calls == ["rebuild", "apply", "rebuild"]


def test_counting_goes_on_while_redis_is_away_and_a_heartbeat_rebuilds_the_cache() -> None:
    """PostgreSQL is the truth; Redis only a copy."""
    cache = FakeCache()
    ours = keeper(cache)
    ours.apply([], [], {})
    cache.away = True
    ours.apply([], [], {})
    ours.mend()
    cache.away = False
    ours.mend()
    assert cache.calls == ["rebuild", "rebuild"]


def test_a_redis_that_came_back_empty_is_noticed_without_a_batch() -> None:
    """On an idle stream the next batch may be hours away."""
    cache = FakeCache()
    ours = keeper(cache)
    ours.mend()
    cache.held = None
    ours.mend()
    ours.mend()
    assert cache.calls == ["rebuild", "rebuild"]
