"""How far each source topic was read, and where to resume so that nothing is missed.

A position is the time stamp + 1 of the newest event of its topic. Resuming right there can skip
undelivered events of the same millisecond, so each topic is asked again from 5 s before *its own*
position (a data centre that was idle for hours must not rewind the active one by hours). A topic
that was named but never seen starts 5 s before the oldest seen one: `latest` would lose its first
events if the data centre switches while we are away. What comes twice is removed by `meta.id`.
"""

from __future__ import annotations

from typing import Any

import orjson

from weir.errors import ContractError
from weir.sources.wikimedia.parse import Place

REWIND_MS = 5_000
MAX_PLACES = 16  # ids that name ever new topics must not grow the cursor for ever


class Positions:
    """The seen positions. Written by one thread, while no other reads."""

    def __init__(self) -> None:
        self.seen: dict[Place, int] = {}
        self.unseen: set[Place] = set()

    def advance(self, place: Place, after_ms: int) -> None:
        """An event of `place` was taken; positions never go back."""
        if after_ms > self.seen.get(place, 0) and (
            place in self.seen or len(self.seen) < MAX_PLACES
        ):
            self.seen[place] = after_ms
            self.unseen.discard(place)

    def note(self, places: set[Place]) -> None:
        """These topics exist, whether an event came from them or not."""
        for place in places - self.seen.keys():
            if len(self.unseen) < MAX_PLACES:
                self.unseen.add(place)

    @property
    def newest_ms(self) -> int | None:
        """Source time of the newest event taken."""
        return max(self.seen.values()) - 1 if self.seen else None

    @property
    def since_ms(self) -> int | None:
        """From where every topic is complete; for servers that refuse the positions."""
        return max(1, min(self.seen.values()) - REWIND_MS) if self.seen else None

    def last_event_id(self) -> str | None:
        """The `Last-Event-ID` to resume with; None when nothing was seen yet."""
        since_ms = self.since_ms
        if since_ms is None:
            return None
        starts = {place: max(1, at_ms - REWIND_MS) for place, at_ms in self.seen.items()}
        starts |= dict.fromkeys(self.unseen, since_ms)
        return orjson.dumps(_rows(starts)).decode()

    def as_cursor(self, mode: str) -> dict[str, Any]:
        """What is committed with the events."""
        unseen = [place._asdict() for place in sorted(self.unseen)]
        return {"mode": mode, "positions": _rows(self.seen), "unseen": unseen}


def restore_positions(cursor: dict[str, Any]) -> Positions:
    """The positions of a committed cursor. Raises ContractError when it is not one of ours."""
    positions = Positions()
    try:
        for row in cursor["positions"]:
            place, at_ms = Place(str(row["topic"]), int(row["partition"])), int(row["timestamp"])
            positions.seen[place] = at_ms
        for row in cursor["unseen"]:
            positions.unseen.add(Place(str(row["topic"]), int(row["partition"])))
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(
            f"the stored Wikimedia cursor cannot be read ({error!r}): {str(cursor)[:200]}",
            "it was written by another program or version; weir topics tail wikimedia.progress",
        ) from error
    return positions


def _rows(positions: dict[Place, int]) -> list[dict[str, Any]]:
    return [
        {"topic": place.topic, "partition": place.partition, "timestamp": at_ms}
        for place, at_ms in sorted(positions.items())
    ]
