-- migrate:up
create schema ops;

-- One row per declared stream: what people want of it.
create table ops.stream (
  stream text primary key,
  desired text not null default 'run' check (desired in ('run', 'drained', 'failed')),
  drain_epoch bigint,                       -- a driver with epoch <= this stops at a batch boundary
  reason text,                              -- why it is not 'run'
  token text,                               -- of the newest submission
  driver_id text,                           -- of the newest submission
  submitted_at timestamptz,
  changed_by text,
  changed_at timestamptz not null default now()
);

-- One row per stream: who may write. Locked late, inside the deciding transaction.
create table ops.stream_lease (
  stream text primary key references ops.stream,
  epoch bigint not null default 0,
  owner text,                               -- null: free
  token text,
  taken_at timestamptz
);

-- One row per stream, written every 2 s by the process that does the work.
create table ops.stream_heartbeat (
  stream text primary key references ops.stream,
  epoch bigint not null,
  beat bigint not null,
  heartbeat_at timestamptz not null,
  started_at timestamptz not null,
  app_id text,
  ui_url text,
  version text,
  last_batch jsonb                          -- {query, batch_id, ended_at, rows}
);

-- One row per (stream, query, topic, partition): counted up to here, in the transaction of the counts.
create table ops.query_offset (
  stream text not null,
  query text not null,
  topic text not null,
  partition int not null,
  next_offset bigint not null,
  updated_at timestamptz not null default now(),
  primary key (stream, query, topic, partition)
);

-- One row per micro-batch, kept 7 days.
create table ops.stream_progress (
  stream text not null,
  query text not null,
  ended_at timestamptz not null default clock_timestamp(),
  epoch bigint not null,
  batch_id bigint not null,
  rows bigint not null,                     -- messages read
  refused bigint not null,
  duration_ms int not null,
  offsets jsonb not null,                   -- {topic: {partition: [start, end]}}
  event_time_min timestamptz,
  event_time_max timestamptz,
  primary key (stream, query, ended_at, batch_id)
);

-- One row per collector: a copy for people. The truth of its cursor is in its progress topic.
create table ops.collector (
  collector text primary key,
  mode text not null check (mode in ('live', 'sample')),
  state text not null,                      -- connecting, streaming, waiting, stopped
  started_at timestamptz not null,
  heartbeat_at timestamptz not null,
  pid int,
  cursor jsonb,
  cursor_time timestamptz,
  events bigint not null default 0,         -- published since started_at
  events_per_second double precision not null default 0,
  canaries bigint not null default 0,
  duplicates bigint not null default 0,
  dead_letters bigint not null default 0,
  reconnects bigint not null default 0,
  last_event_at timestamptz,
  last_error text,
  last_error_at timestamptz
);

-- One row per record that could not be used.
create table ops.dead_letter (
  dedupe_key text primary key,              -- 'topic/partition/offset', or 'source:<name>/<sha256>' before Kafka
  topic text not null,
  partition int,
  "offset" bigint,
  refused_by text not null,                 -- stream.query or collector
  reason text not null,
  key bytea,
  value bytea,                              -- original bytes, cut at 10 MB
  value_bytes bigint,
  value_sha256 text,
  headers jsonb not null default '[]',      -- [[name, base64 value], ...]
  first_seen timestamptz not null default now(),
  attempts int not null default 1
);
create index dead_letter_topic_first_seen on ops.dead_letter (topic, first_seen);

-- migrate:down
drop schema ops cascade;
