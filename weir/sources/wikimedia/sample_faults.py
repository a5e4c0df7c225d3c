"""What the sample server does wrong on purpose, changeable while it runs (`POST /_faults`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass
class Faults:
    """The faults still to happen. Counters fall; -1 means for ever.

    cuts, cut_after_events, cut_mid_event   close a connection after so many of its events
    silences, silent_after_events           stop sending, keep the connection open
    error_events, error_after_events        send `event: error` and close
    refusals, refuse_status, retry_after    answer with a status instead of a stream
    refuse_positions                        answer 400 to requests with Last-Event-ID
    inject                                  texts to send as the data of extra events
    inject_lines                            raw lines to send between events
    """

    cuts: int = 0
    cut_after_events: int = 100
    cut_mid_event: bool = False
    silences: int = 0
    silent_after_events: int = 100
    error_events: int = 0
    error_after_events: int = 100
    refusals: int = 0
    refuse_status: int = 429
    retry_after: str = ""
    refuse_positions: int = 0
    inject: list[str] = field(default_factory=list)
    inject_lines: list[str] = field(default_factory=list)

    def change(self, wanted: dict[str, Any]) -> None:
        """Set some faults; lists are appended to. Raises ValueError and then changes nothing."""
        kinds = {each.name: type(getattr(self, each.name)) for each in fields(self)}
        for name, value in wanted.items():
            if name not in kinds:
                raise ValueError(f"no fault named {name!r}; there are {sorted(kinds)}")
            if not isinstance(value, kinds[name]):
                raise ValueError(f"{name} is {value!r}; give {kinds[name].__name__}")
        for name, value in wanted.items():
            if isinstance(value, list):
                getattr(self, name).extend(value)
            else:
                setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        """The faults as they stand, without the bulky texts."""
        shown = asdict(self)
        shown["inject"], shown["inject_lines"] = len(self.inject), len(self.inject_lines)
        return shown

    def take(self, counter: str) -> bool:
        """Use up one of `counter`; False when none is left."""
        left: int = getattr(self, counter)
        if left > 0:
            setattr(self, counter, left - 1)
        return left != 0
