"""What the metrics say of promo: the same kind of table as `metric_reads.READS`."""

from __future__ import annotations

from weir.serving.metric_names import Metric

# A campaign is overdue when its start has passed and it is held, its end has passed and it is
# not expired, or somebody cancelled it and no batch has followed the order.
OVERDUE = """
    select coalesce(max(now - since), 0) from (
      select extract(epoch from clock_timestamp()) as now,
        case when cancelled_at is not null then extract(epoch from cancelled_at)
             when state = 'held' then starts_at else ends_at end as since
      from promo.campaign
      where state in ('held', 'active')
        and (cancelled_at is not null or ends_at <= extract(epoch from clock_timestamp())
             or (state = 'held' and starts_at <= extract(epoch from clock_timestamp())))
    ) due
"""
UNPUBLISHED = """
    select p.stream, coalesce(sum(c.n), 0),
      coalesce(extract(epoch from clock_timestamp() - min(l.sealed_at)), 0)
    from ops.publication p
    left join promo.batch_chunk c on c.stream = p.stream
      and (c.seq, c.chunk) > (p.published_seq, p.published_chunk)
    left join ops.batch_ledger l on l.stream = c.stream and l.seq = c.seq
    group by p.stream
"""
# After the import of a whole country the rest of the metrics must not wait for this one.
CHANGES = "select count(*) from (select from promo.subscriber_change limit 100000) waiting"

PROMO_READS: list[tuple[str, int, list[Metric]]] = [
    (
        """select wanted, count(adv_campaign_id)
           from unnest(array['held', 'active', 'expired', 'cancelled']) wanted
           left join promo.campaign on state = wanted group by 1""",
        1,
        [Metric.PROMO_CAMPAIGNS],
    ),
    (
        "select coalesce(sum(notified), 0) from promo.campaign",
        0,
        [Metric.PROMO_NOTIFICATIONS],
    ),
    (OVERDUE, 0, [Metric.PROMO_OVERDUE]),
    (CHANGES, 0, [Metric.PROMO_CHANGES]),
    (UNPUBLISHED, 1, [Metric.PROMO_UNPUBLISHED, Metric.PROMO_UNPUBLISHED_AGE]),
    ("select stream, delay_seconds from ops.publication", 1, [Metric.PROMO_DELAY]),
]
