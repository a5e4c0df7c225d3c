"""How the cache differs from PostgreSQL, for a person who doubts it."""

from __future__ import annotations

from dataclasses import dataclass

from weir.store.wikimedia_cache import NotCached, WikimediaCache
from weir.store.wikimedia_counts import CountsRead
from weir.store.wikimedia_stats import Connection, fetch_counts


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """equal: the same totals at the same offsets. words: for a person."""

    equal: bool
    words: str


def compare(cache: WikimediaCache, connection: Connection) -> Comparison:
    """Read both, the cache first: a running stream moves on between the two reads."""
    try:
        cached = cache.read(within=None, minutes=[])
    except NotCached as error:
        return Comparison(equal=False, words=str(error))
    return judge(cached, fetch_counts(connection, within=None, minutes=[]))


def judge(cached: CountsRead, truth: CountsRead) -> Comparison:
    """The same offsets must mean the same totals; other offsets only mean another instant."""
    if cached.offsets != truth.offsets:
        return Comparison(equal=False, words="the cache stands at other offsets than PostgreSQL")
    different = sorted(
        domain
        for domain in cached.domains.keys() | truth.domains.keys()
        if cached.domains.get(domain) != truth.domains.get(domain)
    )
    if different:
        some = ", ".join(different[:3])
        return Comparison(equal=False, words=f"{len(different)} domains are wrong, first {some}")
    return Comparison(equal=True, words=f"equal to PostgreSQL, {len(truth.domains)} domains")
