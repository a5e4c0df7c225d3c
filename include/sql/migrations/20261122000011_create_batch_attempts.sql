-- Blocking: no. What was tried before a batch succeeded, and which dead letters were sent again.
-- migrate:up

-- One row per (stream, query): the newest trial, written before its messages are processed.
create table ops.batch_attempt (
  stream text not null,
  query text not null,
  epoch bigint not null,                    -- of the driver that tries
  begins jsonb not null,                    -- {topic: {partition: next offset}}: where the ledger stands
  ends jsonb not null,
  attempts int not null,                    -- trials of what begins here, this one included
  bisecting boolean not null,               -- what begins here is a part of a batch that failed
  first_seen timestamptz not null default clock_timestamp(),
  last_error text,                          -- null: the driver died, or has not failed
  primary key (stream, query)
) with (fillfactor = 50);                   -- rewritten with each batch, in place

-- One row per transaction of sent letters; never deleted, the progress topic counts by it.
create table ops.redrive_batch (
  seq bigint generated always as identity primary key,
  publisher text not null,
  asked_by text not null,
  letters int not null,
  sealed_at timestamptz not null default clock_timestamp()
);

-- One row per letter that was sent again, or will be before any other: at most once.
create table ops.redrive (
  dedupe_key text primary key references ops.dead_letter on delete cascade,
  seq bigint not null references ops.redrive_batch
);
create index redrive_seq on ops.redrive (seq);

-- The letter whose record this one is, when it was sent again and refused again.
alter table ops.dead_letter add column redrive_of text;

-- migrate:down
alter table ops.dead_letter drop column redrive_of;
drop table ops.redrive;
drop table ops.redrive_batch;
drop table ops.batch_attempt;
