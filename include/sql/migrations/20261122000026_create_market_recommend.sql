-- Blocking: no. What searches tell about products and users, for recommendations.
-- migrate:up

-- The sum of two fading weights, as weir/market/heat.py has it. exp() of less than -745 is an error.
create function market.add_heat(one double precision, other double precision)
  returns double precision language sql immutable strict parallel safe
  return case
    when abs(one - other) > 40 then greatest(one, other)
    else greatest(one, other) + ln(1 + exp(least(one, other) - greatest(one, other)))
  end;

-- One row per product that a search has shown. Heats fade (half-lives in weir/market/heat.py) and
-- keep their order, so the indexes stay right without anybody touching a row.
create table market.popularity (
  product_id text primary key,
  category text not null,                    -- when it was last shown; readers look at the product
  heat_hour double precision not null,
  heat_week double precision not null,
  searches bigint not null check (searches > 0),
  last_searched_at timestamptz not null
);
create index popularity_category_week on market.popularity (category, heat_week desc);
create index popularity_category_hour on market.popularity (category, heat_hour desc);
create index popularity_week on market.popularity (heat_week desc);
create index popularity_hour on market.popularity (heat_hour desc);

-- One row per user and category or brand that the user's searches have shown.
create table market.affinity (
  user_id text not null,
  kind text not null check (kind in ('category', 'brand')),
  value text not null,
  heat double precision not null,
  primary key (user_id, kind, value)
);

-- One row per pair of products that one user has found within a day, in both directions.
create table market.co_search (
  product_id text not null,
  other_id text not null check (other_id <> product_id),
  heat double precision not null,
  primary key (product_id, other_id)
);
create index co_search_heat on market.co_search (product_id, heat desc);

-- One row per user and product among the last that the user has found; about 20 a user.
create table market.recent_product (
  user_id text not null,
  product_id text not null,
  searched_at timestamptz not null,
  primary key (user_id, product_id)
);
create index recent_product_time on market.recent_product (searched_at);

-- One row per minute in which requests came: how many got an answer, an answer without items
-- (counted in answered too), or none because their deadline was over; and the longest that an
-- answer of the minute took since its asker asked, by two clocks.
create table market.answer_minute (
  minute timestamptz primary key,
  answered bigint not null default 0,
  without_items bigint not null default 0,
  expired bigint not null default 0,
  slowest_ms bigint not null default 0
);

-- What is there for somebody of whom nothing is known: the newest of each category.
-- squawk-ignore require-concurrent-index-creation
create index product_newest on market.product (category, created_at desc) where state = 'listed';

-- migrate:down
-- squawk-ignore require-concurrent-index-deletion
drop index market.product_newest;
drop table market.answer_minute;
drop table market.recent_product;
drop table market.co_search;
drop table market.affinity;
drop table market.popularity;
-- squawk-ignore ban-drop-function
drop function market.add_heat(double precision, double precision);
