"""What the metrics say of recommendations: the last ten minutes, as the stream counted them."""

from __future__ import annotations

from weir.serving.metric_names import Metric

RECENT = """
    with recent as (
      select coalesce(sum(answered - without_items), 0) as items,
             coalesce(sum(without_items), 0) as empty, coalesce(sum(expired), 0) as expired
      from market.answer_minute where minute > clock_timestamp() - interval '10 minutes')
    select outcome, n from recent,
    lateral (values ('items', items), ('empty', empty), ('expired', expired)) as one (outcome, n)
"""
SLOWEST = """
    select max(slowest_ms) / 1000.0 from market.answer_minute
    where minute > clock_timestamp() - interval '10 minutes'
"""

RECOMMEND_READS: list[tuple[str, int, list[Metric]]] = [
    (RECENT, 1, [Metric.RECOMMEND_REQUESTS]),
    (SLOWEST, 0, [Metric.RECOMMEND_SLOWEST]),
]
