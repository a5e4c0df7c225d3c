"""What the metrics say, read from PostgreSQL: each query gives (labels ..., value ...) rows."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import structlog

from weir.serving.metric_names import Metric
from weir.serving.metrics import Sample
from weir.serving.promo_reads import PROMO_READS
from weir.store.wikimedia_stats import Connection

log = structlog.get_logger()

# Per query: how many columns are labels, and which metrics the columns after them are.
# A column that is null gives no sample: what is unknown is absent.
READS: list[tuple[str, int, list[Metric]]] = [
    (
        """select collector,
             extract(epoch from clock_timestamp() - heartbeat_at),
             extract(epoch from clock_timestamp() - last_event_at),
             events_per_second, events, canaries, duplicates, dead_letters, reconnects
           from ops.collector""",
        1,
        [
            Metric.COLLECTOR_HEARTBEAT_AGE,
            Metric.COLLECTOR_LAST_EVENT_AGE,
            Metric.COLLECTOR_RATE,
            Metric.COLLECTOR_EVENTS,
            Metric.COLLECTOR_CANARIES,
            Metric.COLLECTOR_DUPLICATES,
            Metric.COLLECTOR_DEAD_LETTERS,
            Metric.COLLECTOR_RECONNECTS,
        ],
    ),
    ("select collector, state, 1 from ops.collector", 2, [Metric.COLLECTOR_STATE]),
    ("select collector, mode, 1 from ops.collector", 2, [Metric.SOURCE_MODE]),
    ("select stream, desired, 1 from ops.stream", 2, [Metric.STREAM_DESIRED]),
    ("select stream, epoch from ops.stream_lease", 1, [Metric.STREAM_EPOCH]),
    (
        """select stream, extract(epoch from clock_timestamp() - heartbeat_at)
           from ops.stream_heartbeat""",
        1,
        [Metric.STREAM_HEARTBEAT_AGE],
    ),
    (
        """select q.stream, q.query,
             extract(epoch from clock_timestamp() - coalesce(last.ended_at, start.since)),
             last.duration_ms / 1000.0,
             minute.rows / 60.0, minute.refused / nullif(minute.rows, 0),
             extract(epoch from clock_timestamp() - newest.event_time)
           from (select distinct stream, query from ops.query_offset) q
           left join lateral (select coalesce(s.submitted_at, l.taken_at) as since
             from ops.stream s left join ops.stream_lease l using (stream)
             where s.stream = q.stream) start on true
           left join lateral (select ended_at, duration_ms from ops.stream_progress p
             where p.stream = q.stream and p.query = q.query order by ended_at desc limit 1) last
             on true
           cross join lateral (
             select coalesce(sum(rows), 0) as rows, coalesce(sum(refused), 0) as refused
             from ops.stream_progress p where p.stream = q.stream and p.query = q.query
               and ended_at > clock_timestamp() - interval '1 minute') minute
           cross join lateral (select max(event_time_max) as event_time from (
             select event_time_max from ops.stream_progress p
             where p.stream = q.stream and p.query = q.query and event_time_max is not null
             order by ended_at desc limit 20) recent) newest""",
        2,
        [
            Metric.STREAM_BATCH_AGE,
            Metric.STREAM_BATCH_SECONDS,
            Metric.STREAM_RATE,
            Metric.STREAM_REFUSED_SHARE,
            Metric.STREAM_EVENT_AGE,
        ],
    ),
    (
        """select p.stream, p.query, p.probe_ms / 1000.0,
             extract(epoch from clock_timestamp() - p.ended_at)
           from (select distinct stream, query from ops.query_offset) q
           cross join lateral (select * from ops.stream_progress
             where stream = q.stream and query = q.query and probe_ms is not null
               and ended_at > clock_timestamp() - interval '1 hour'
             order by ended_at desc limit 1) p""",
        2,
        [Metric.STREAM_PROBE_SECONDS, Metric.STREAM_PROBE_AGE],
    ),
    (
        """select stream, extract(epoch from heartbeat_at - started_at)
           from ops.stream_heartbeat h join ops.stream_lease l using (stream)
           where h.epoch = l.epoch and l.owner is not null""",
        1,
        [Metric.STREAM_UPTIME],
    ),
    (
        """select stream, (last_batch ->> 'group_commit_failures')::bigint
           from ops.stream_heartbeat""",
        1,
        [Metric.STREAM_GROUP_FAILURES],
    ),
    (
        """select stream.stream,
             coalesce(extract(epoch from clock_timestamp() - min(o.started_at)), 0)
           from ops.stream left join ops.operation o
             on o.stream = stream.stream and o.state = 'open' group by 1""",
        1,
        [Metric.OPERATION_AGE],
    ),
    (
        """select collector, states.state, count(g.source) from ops.collector
           cross join (values ('open'), ('refilled'), ('permanent')) states (state)
           left join ops.gap g on g.source = collector and g.state = states.state group by 1, 2""",
        2,
        [Metric.GAPS],
    ),
    (
        "select topic, refused_by, count(*) from ops.dead_letter group by 1, 2",
        2,
        [Metric.DEAD_LETTERS],
    ),
    (
        """select d.topic, d.refused_by, count(*) filter (where starts_with(d.reason, 'quarantined')
             and d.first_seen > clock_timestamp() - interval '1 day'
             and not exists (select from ops.redrive r where r.dedupe_key = d.dedupe_key))
           from ops.dead_letter d group by 1, 2""",
        2,
        [Metric.QUARANTINED],
    ),
    (
        """select count(*), coalesce(sum(changes), 0), coalesce(sum(edits), 0),
             coalesce(sum(bot_edits), 0) from wikimedia.domain_total""",
        0,
        [
            Metric.WIKIMEDIA_DOMAINS,
            Metric.WIKIMEDIA_CHANGES,
            Metric.WIKIMEDIA_EDITS,
            Metric.WIKIMEDIA_BOT_EDITS,
        ],
    ),
]


def fetch_samples(connection: Connection) -> Iterator[Sample]:
    """The samples of every query; one that fails costs its own samples only.

    Raises psycopg.Error when the connection itself is gone.
    """
    for sql, label_count, metrics in [*READS, *PROMO_READS]:
        try:
            rows = connection.execute(sql).fetchall()
        except psycopg.Error as error:
            if connection.closed:
                raise
            log.error("metrics not read", first=metrics[0], reason=str(error).strip())
            continue
        for row in rows:
            labels = tuple(str(label) for label in row[:label_count])
            for metric, value in zip(metrics, row[label_count:], strict=True):
                if value is not None:
                    yield Sample(metric, labels, float(value))
