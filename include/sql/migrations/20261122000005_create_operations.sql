-- Blocking: no. What people ordered, who did what, and every submission and start of a driver.
-- migrate:up

-- One row per order to a stream. Whoever finds an open one that nobody works on goes on with it.
create table ops.operation (
  id bigint generated always as identity primary key,
  stream text not null references ops.stream on delete cascade,
  verb text not null,                       -- start, drain, stop
  step text not null,                       -- where to go on
  arguments jsonb not null default '{}',
  owner text not null,                      -- host:pid of who works on it
  state text not null default 'open' check (state in ('open', 'done', 'failed')),
  outcome text,
  started_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);
create unique index operation_one_open on ops.operation (stream) where state = 'open';
create index operation_stream_id on ops.operation (stream, id);

-- One row per deed: who did what to which thing, and by which door.
create table ops.audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  who text not null,
  via text not null,                        -- cli, airflow, page, reconcile, driver
  action text not null,                     -- stream.start, stream.failed, driver.kill, ...
  subject text not null,
  details jsonb not null default '{}'
);
create index audit_subject_id on ops.audit (subject, id);

-- One row per submission, so that a driver on the master can be traced to its stream.
create table ops.stream_submission (
  driver_id text primary key,
  stream text not null references ops.stream on delete cascade,
  token text not null,
  submitted_by text not null,
  submitted_at timestamptz not null default clock_timestamp()
);
create index stream_submission_stream on ops.stream_submission (stream, submitted_at);

-- One row per epoch. unclean: the epoch before it did not give the lease back.
create table ops.stream_start (
  stream text not null references ops.stream on delete cascade,
  epoch bigint not null,
  token text,
  driver_id text,                           -- null where it cannot be told
  unclean boolean not null,
  taken_at timestamptz not null default clock_timestamp(),
  primary key (stream, epoch)
);

-- Restarts before this do not count for the restart breaker.
alter table ops.stream_lease add column breaker_reset_at timestamptz not null default now();

-- migrate:down
alter table ops.stream_lease drop column breaker_reset_at;
drop table ops.stream_start;
drop table ops.stream_submission;
drop table ops.audit;
drop table ops.operation;
