-- migrate:up
create schema wikimedia;

-- One row per (minute, domain). changes: all events; edits: type edit or new; bot_edits: edits by bots.
create table wikimedia.domain_minute (
  window_start timestamptz not null,
  domain text not null,
  changes bigint not null,
  edits bigint not null,
  bot_edits bigint not null,
  primary key (window_start, domain)
);

-- One row per domain: the sum over all its windows, kept in the same transaction.
create table wikimedia.domain_total (
  domain text primary key,
  changes bigint not null,
  edits bigint not null,
  bot_edits bigint not null,
  last_window_start timestamptz not null
);

-- migrate:down
drop schema wikimedia cascade;
