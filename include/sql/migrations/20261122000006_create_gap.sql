-- Blocking: no. One row per interval in which something was missing; `permanent` stays for ever.
-- migrate:up
create table ops.gap (
  source text not null,
  mode text not null check (mode in ('live', 'sample')),
  starts_at timestamptz not null,           -- source time, included
  ends_at timestamptz not null,             -- excluded
  state text not null check (state in ('open', 'refilled', 'permanent')),
  reason text not null,
  found_at timestamptz not null default clock_timestamp(),
  filled_at timestamptz,                    -- when the newest missing event was published
  present bigint not null default 0,        -- events that were there before the newest refill
  published bigint not null default 0,      -- by all refills of this interval
  refused bigint not null default 0,        -- dead letters of the newest refill
  primary key (source, mode, starts_at, ends_at),
  check (starts_at < ends_at)
);
create index gap_state on ops.gap (state, starts_at);

-- migrate:down
drop table ops.gap;
