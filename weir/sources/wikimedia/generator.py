"""Sample recentchange events. Event i is a pure function of (seed, start, rate, i).

So a server can resume anywhere without storage, and a test can recompute what was sent.
The identity goes into every `meta.id`: another seed, start or rate never repeats an id.
Mix: 62 % edit, 26 % categorize, 6 % new, 6 % log; one event in 500 is a canary.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate

import orjson

from weir.sources.wikimedia import pace
from weir.sources.wikimedia.sample_wikis import BOTS, COMMENTS, PEOPLE, WIKIS, WORDS

EPOCH_MS = 1_767_225_600_000  # 2026-01-01: fixed, so that a restarted server goes on seamlessly
DATACENTRES = ("eqiad", "codfw")
STREAM = "mediawiki.recentchange"
SCHEMA = "/mediawiki/recentchange/1.0.0"  # what the live events say, although 1.0.1 exists
CANARY_EVERY = 500
KINDS = ("edit",) * 159 + ("categorize",) * 66 + ("new",) * 15 + ("log",) * 16
_SHARES = tuple(accumulate(wiki.share for wiki in WIKIS))


@dataclass(frozen=True, kw_only=True)
class SampleStream:
    """An endless stream of `rate` events per second of source time, beginning at `start_ms`."""

    seed: int = 1
    start_ms: int = EPOCH_MS
    rate: float = 40.0
    switch_every: int = 0  # events after which the other data centre takes over; 0 = never
    _identity: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.switch_every < 0:
            raise ValueError(f"rate {self.rate} must be positive, switch_every not negative")
        identity = f"{self.seed}/{self.start_ms}/{self.rate}/".encode()
        object.__setattr__(self, "_identity", identity)

    def timestamp_ms(self, index: int) -> int:
        """Source time of event `index`."""
        return pace.timestamp_ms(self.start_ms, self.rate, index)

    def index_at(self, timestamp_ms: int) -> int:
        """The first event at or after `timestamp_ms`."""
        return pace.index_at(self.start_ms, self.rate, timestamp_ms)

    def is_canary(self, index: int) -> bool:
        """Canaries keep an idle topic alive; they are no edits."""
        return index % CANARY_EVERY == CANARY_EVERY - 1

    def topic(self, index: int) -> str:
        """The source's own Kafka topic: the active data centre's, canaries alternate."""
        if self.is_canary(index):
            turn = index // CANARY_EVERY
        else:
            turn = index // self.switch_every if self.switch_every else 0
        return f"{DATACENTRES[turn % 2]}.{STREAM}"

    def event(self, index: int) -> bytes:
        """The JSON of event `index`, one line, about 1.15 KB."""
        noise = hashlib.blake2b(self._identity + str(index).encode(), digest_size=32).digest()
        at_ms = self.timestamp_ms(index)
        wiki = WIKIS[bisect_right(_SHARES, int.from_bytes(noise[:4]) % _SHARES[-1])]
        meta = self._meta(index, noise.hex(), at_ms, wiki.domain)
        if self.is_canary(index):
            return orjson.dumps({"$schema": SCHEMA, "meta": meta, "weir_sample": True})
        kind = KINDS[noise[4]]
        title = f"{WORDS[noise[5] % 32]} {WORDS[noise[6] % 32]} ({WORDS[noise[7] % 32]} {noise[8]})"
        url = f"https://{wiki.domain}/wiki/{title.replace(' ', '_')}"
        meta["uri"] = url
        is_bot = noise[9] < (150 if wiki.dbname == "wikidatawiki" else 40)
        user = BOTS[noise[10] % 6] if is_bot else f"{PEOPLE[noise[10] % 16]}{noise[11]}"
        comment = f"{COMMENTS[noise[12] % 8]} [[{title}]]"
        event = {
            "$schema": SCHEMA,
            "meta": meta,
            "id": 1_000_000_000 + index,
            "type": kind,
            "namespace": 14 if kind == "categorize" else (0, 0, 0, 1, 2, 4, 6, 10)[noise[13] % 8],
            "title": f"Category:{title}" if kind == "categorize" else title,
            "title_url": url,
            "comment": comment,
            "timestamp": at_ms // 1000,
            "user": user,
            "bot": is_bot,
            "server_url": f"https://{wiki.domain}",
            "server_name": wiki.domain,
            "server_script_path": "/w",
            "wiki": wiki.dbname,
            "parsedcomment": f'{comment} <a href="{url}" title="{title}">{title}</a>',
            "weir_sample": True,
        }
        event.update(_details(kind, noise, index))
        event["notify_url"] = f"https://{wiki.domain}/w/index.php?diff={index + 7}&rcid={index}"
        return orjson.dumps(event)

    def _meta(self, index: int, noise: str, at_ms: int, domain: str) -> dict[str, object]:
        moment = datetime.fromtimestamp(at_ms / 1000, UTC)
        head, tail = noise[:32], noise[32:]
        return {
            "uri": f"https://{domain}/",
            "request_id": _uuid(head),
            "id": _uuid(tail),
            "domain": "canary" if self.is_canary(index) else domain,
            "stream": STREAM,
            "dt": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "topic": self.topic(index),
            "partition": 0,
            "offset": index,
        }


def _uuid(noise: str) -> str:
    return f"{noise[:8]}-{noise[8:12]}-4{noise[13:16]}-a{noise[17:20]}-{noise[20:]}"


def _details(kind: str, noise: bytes, index: int) -> dict[str, object]:
    """The fields that only some kinds have; their absence is part of the real mix."""
    size = 200 + int.from_bytes(noise[14:16])
    if kind == "edit":
        lengths = {"old": size, "new": max(0, size + noise[16] - 96)}
        revisions = {"old": 900_000_000 + index, "new": 900_000_007 + index}
        return {"minor": noise[17] < 60, "length": lengths, "revision": revisions}
    if kind == "new":
        return {"minor": False, "length": {"new": size}, "revision": {"new": 900_000_007 + index}}
    if kind == "log":
        params: object = ([], {"target": "page", "noredir": "0"}, "")[noise[18] % 3]
        action = ("move", "delete", "upload")[noise[19] % 3]
        named: dict[str, object] = {"log_id": index, "log_type": action, "log_action": action}
        return {**named, "log_params": params, "log_action_comment": action}
    return {}
