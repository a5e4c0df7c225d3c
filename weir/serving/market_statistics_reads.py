"""What the metrics say of products, of what the filter decided, and of the archive."""

from __future__ import annotations

from weir.serving.metric_names import Metric

# Every product would be counted for too long: PostgreSQL's own estimate does.
PRODUCTS = """
    select 'all', greatest(reltuples, 0) from pg_class where oid = 'market.product'::regclass
    union all select 'blocked', count(*) from market.product where state = 'blocked'
    union all select 'gone', count(*) from market.product where state = 'gone'
"""
DECISIONS = """
    select d.change, coalesce(d.n, 0) from (
      select sum(allowed) as allowed, sum(blocked) as blocked, sum(deleted) as deleted,
        sum(retracted) as retracted, sum(readmitted) as readmitted
      from market.product_minute where window_start > clock_timestamp() - interval '10 minutes'
    ) s cross join lateral (values ('allowed', s.allowed), ('blocked', s.blocked),
      ('deleted', s.deleted), ('retracted', s.retracted), ('readmitted', s.readmitted))
      as d (change, n)
"""
ARCHIVE = """
    select extract(epoch from clock_timestamp() - succeeded_at), (error is not null)::int
    from market.archive_run where archive = 'market'
"""

STATISTICS_READS: list[tuple[str, int, list[Metric]]] = [
    (PRODUCTS, 1, [Metric.MARKET_PRODUCTS]),
    (DECISIONS, 1, [Metric.MARKET_DECISIONS]),
    (ARCHIVE, 0, [Metric.ARCHIVE_AGE, Metric.ARCHIVE_FAILED]),
]
