-- Blocking: no. Campaigns, their audience, what was sent to whom, and the ledger of sealed batches.
-- migrate:up

-- One row per subscription; the same client may subscribe twice.
create table public.subscribers_restaurants (
  -- squawk-ignore prefer-identity
  id serial4 not null,
  client_id varchar not null,
  restaurant_id varchar not null,
  constraint pk_id primary key (id)
);
-- Begins with the restaurant: a batch reads the subscribers of its restaurants from the index alone.
create index subscribers_restaurants_restaurant_id
  on public.subscribers_restaurants (restaurant_id, client_id);

-- One row per (campaign, client): the notification that was sealed, and the answer to it.
-- id is a bigserial: one campaign may make a million rows. trigger_datetime_created is an int8:
-- seconds overflow an int4 in 2038.
create table public.subscribers_feedback (
  -- squawk-ignore prefer-identity
  id bigserial not null,
  restaurant_id text not null,
  adv_campaign_id text not null,
  adv_campaign_content text not null,
  adv_campaign_owner text not null,
  adv_campaign_owner_contact text not null,
  adv_campaign_datetime_start int8 not null,
  adv_campaign_datetime_end int8 not null,
  datetime_created int8 not null,
  client_id text not null,
  trigger_datetime_created int8 not null,   -- epoch seconds by the database's clock, when it was sealed
  feedback varchar null,
  constraint id_pk primary key (id)
);
create unique index subscribers_feedback_campaign_client
  on public.subscribers_feedback (adv_campaign_id, client_id);
create index subscribers_feedback_time
  on public.subscribers_feedback using brin (trigger_datetime_created, datetime_created);

create schema promo;

-- One row per campaign: its newest words, and what became of it. Times are epoch seconds.
create table promo.campaign (
  adv_campaign_id text primary key,
  restaurant_id text not null,
  content text not null,
  owner text not null,
  contact text not null,
  starts_at bigint not null,
  ends_at bigint not null,
  datetime_created bigint not null,
  revision int not null default 1,          -- rises with each message of other words
  state text not null check (state in ('held', 'active', 'expired', 'cancelled')),
  at_start_only boolean not null default false,  -- later subscribers get nothing
  received_at timestamptz not null default clock_timestamp(),  -- of this revision
  decided_at timestamptz not null default clock_timestamp(),
  cancelled_at timestamptz,                 -- an order: batches that are not sealed by then send nothing
  cancelled_by text,
  notified bigint not null default 0
);
create index campaign_restaurant_id on promo.campaign (restaurant_id) where state = 'active';
create index campaign_starts_at on promo.campaign (starts_at) where state = 'held';
create index campaign_ends_at on promo.campaign (ends_at) where state in ('held', 'active');
create index campaign_cancelled_at on promo.campaign (cancelled_at) where state in ('held', 'active');

-- One row per new subscription that no wake-up has told the stream yet.
create table promo.subscriber_change (
  id bigint generated always as identity primary key,
  restaurant_id text not null,
  client_id text not null,
  at timestamptz not null default clock_timestamp()
);

-- As its owner: whoever may subscribe somebody need not know of this table.
create function promo.note_new_subscribers() returns trigger
  language plpgsql security definer set search_path = pg_catalog
as $$
begin
  insert into promo.subscriber_change (restaurant_id, client_id)
    select distinct restaurant_id, client_id from added;
  return null;
end
$$;
create trigger note_new_subscribers after insert on public.subscribers_restaurants
  referencing new table as added for each statement execute function promo.note_new_subscribers();
-- Whoever moves to another restaurant is new there.
create trigger note_moved_subscribers after update on public.subscribers_restaurants
  referencing new table as added for each statement execute function promo.note_new_subscribers();
-- Also for a tool that loads rows as a replica does.
alter table public.subscribers_restaurants
  enable always trigger note_new_subscribers,
  enable always trigger note_moved_subscribers;

-- One row per notification of a sealed batch: which transaction of Kafka carries it.
create table promo.batch_member (
  stream text not null,
  seq bigint not null,
  chunk int not null,
  client text not null,
  campaign text not null,
  notification_id uuid not null,
  primary key (stream, seq, chunk, client, campaign)
);

-- One row per Kafka transaction of a sealed batch: what it must hold.
create table promo.batch_chunk (
  stream text not null,
  seq bigint not null,
  chunk int not null,
  n int not null,
  digest text not null,                     -- md5 of its notification ids in order
  primary key (stream, seq, chunk)
);

-- One row per sealed batch, or part of one: its content can never change. seq is in the order of
-- the commits; a batch that was taken apart has many rows of one batch_id.
create table ops.batch_ledger (
  stream text not null,
  query text not null,
  seq bigint generated by default as identity,
  generation int not null,                  -- rises when batch ids begin again
  batch_id bigint not null,
  epoch bigint not null,
  offsets jsonb not null,                   -- {topic: {partition: [start, end]}}
  n_rows bigint not null,
  chunks int not null,
  sealed_at timestamptz not null default clock_timestamp(),
  primary key (stream, seq)
);

-- One row per stream that publishes: where its markers are, and what a person decided about them.
create table ops.publication (
  stream text primary key,
  cluster_id text not null,
  topic_id text not null,
  assume_published bigint,                  -- an order: the next start takes this seq as published
  assume_chunk int,                        -- of it, up to this chunk; null: all of it
  ordered_by text
);

-- migrate:down
drop table ops.publication;
drop table ops.batch_ledger;
drop schema promo cascade;
drop table public.subscribers_feedback;
drop table public.subscribers_restaurants;
