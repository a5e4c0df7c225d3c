"""What the metrics say of bans: how many hold, and how long a change has been on its way."""

from __future__ import annotations

from weir.serving.metric_names import Metric

LIVE = "select count(*) from market.live_bans()"
UNTOLD = """
    select coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)
    from market.ban_outbox where published_at is null
"""
UNSETTLED = """
    select coalesce(extract(epoch from clock_timestamp() - min(changed_at)), 0)
    from market.ban_unsettled
"""

BAN_READS: list[tuple[str, int, list[Metric]]] = [
    (LIVE, 0, [Metric.BANS]),
    (UNTOLD, 0, [Metric.BAN_UNTOLD]),
    (UNSETTLED, 0, [Metric.BAN_UNSETTLED]),
]
