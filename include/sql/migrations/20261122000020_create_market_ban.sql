-- Blocking: no. Bans with their history, the version that rises with every change, and the records on their way to Kafka.
-- migrate:up

create schema market;

-- One row per ban of one rule; nothing is deleted. Live means: not lifted, begun, not over, by the
-- clock of this database. started: the beginning has its version; an immediate ban begins so, and
-- then no clock that is set back can suspend it.
create table market.ban (
  ban_id bigint generated always as identity primary key,
  kind text not null check (kind in ('product', 'sku', 'sku_prefix')),
  value text not null check (value <> '' and char_length(value) <= 100),
  reason text not null check (char_length(reason) between 1 and 500),
  banned_by text not null,
  valid_from timestamptz not null,
  valid_until timestamptz check (valid_until > valid_from),
  started boolean not null,
  created_at timestamptz not null default clock_timestamp(),
  lifted_at timestamptz,                    -- by whom, or when it was over
  lifted_by text,
  lift_reason text,
  version bigint not null,                  -- of its newest change
  check ((lifted_at is null) = (lifted_by is null))
);
create unique index ban_open on market.ban (kind, value) where lifted_at is null;
create index ban_starts on market.ban (valid_from) where lifted_at is null and not started;
create index ban_ends on market.ban (valid_until) where lifted_at is null and valid_until is not null;
create index ban_prefix_length on market.ban (char_length(value))
  where lifted_at is null and kind = 'sku_prefix';
create index ban_history on market.ban (kind, value, ban_id);

-- The one version of the list: raised in the transaction of every change, under this row's lock.
create table market.ban_clock (
  only_row boolean primary key default true check (only_row),
  version bigint not null
);
insert into market.ban_clock (version) values (0);

-- One row per record of `market-bans`; version is the order in which they are published.
create table market.ban_outbox (
  version bigint primary key,
  key text not null,                        -- kind:value
  record jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  published_at timestamptz
);
create index ban_outbox_unpublished on market.ban_outbox (version) where published_at is null;

-- One row per rule that changed and that products may not follow yet.
create table market.ban_unsettled (
  kind text not null,
  value text not null,
  version bigint not null,
  changed_at timestamptz not null default clock_timestamp(),
  primary key (kind, value)
);

-- One row per stream that filters: whatever it writes from now on is judged by a list at least so new.
create table market.filter_seen (
  stream text primary key,
  epoch bigint not null,
  ban_version bigint not null,
  seen_at timestamptz not null default clock_timestamp()
);

create function market.live_bans() returns setof market.ban
  language sql stable parallel safe
as $$
  select * from market.ban
  where lifted_at is null
    and (started or valid_from <= statement_timestamp())
    and (valid_until is null or statement_timestamp() < valid_until)
$$;

-- The lengths of the prefixes that are banned: a step through an index for each.
create function market.prefix_lengths() returns setof int
  language sql stable parallel safe
as $$
  with recursive length (n) as (
    select min(char_length(value)) from market.ban where lifted_at is null and kind = 'sku_prefix'
    union all
    select (select min(char_length(value)) from market.ban
            where lifted_at is null and kind = 'sku_prefix' and char_length(value) > n)
    from length where n is not null
  )
  select n from length where n is not null
$$;

-- The live ban that a product falls under, or null; of many the closest: product, sku, longest prefix.
create function market.is_banned(product_id text, sku text) returns bigint
  language sql stable parallel safe
as $$
  select ban_id from (
    select 1000000 as closeness, ban_id from market.live_bans() b
    where b.kind = 'product' and b.value = $1
    union all
    select 100000, ban_id from market.live_bans() b
    where b.kind = 'sku' and b.value = $2
    union all
    select n, ban_id from market.prefix_lengths() n
    join market.live_bans() b on b.kind = 'sku_prefix' and b.value = left($2, n)
    where n <= char_length($2)
  ) found
  order by closeness desc limit 1
$$;

-- The banned ones among many products (ids and their skus, place by place); each at most once.
create function market.banned_among(product_ids text[], skus text[])
  returns table (product_id text, ban_id bigint)
  language sql stable parallel safe
as $$
  select distinct on (id) id, found.ban_id from (
    select id, 1000000 as closeness, b.ban_id
    from unnest(product_ids) id
    join market.live_bans() b on b.kind = 'product' and b.value = id
    union all
    select id, 100000, b.ban_id
    from unnest(product_ids, skus) as p (id, sku)
    join market.live_bans() b on b.kind = 'sku' and b.value = p.sku
    union all
    select id, n, b.ban_id
    from unnest(product_ids, skus) as p (id, sku)
    cross join market.prefix_lengths() n
    join market.live_bans() b on b.kind = 'sku_prefix' and b.value = left(p.sku, n)
    where n <= char_length(p.sku)
  ) found
  order by id, closeness desc
$$;

-- migrate:down
drop schema market cascade;
