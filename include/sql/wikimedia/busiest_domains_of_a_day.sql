-- Which domains had most edits in the last 24 hours, and how much of it was by people?
-- Run: bin/weir db shell -f include/sql/wikimedia/busiest_domains_of_a_day.sql
select domain,
       sum(edits) as edits,
       sum(edits - bot_edits) as by_people,
       round(100.0 * sum(bot_edits) / nullif(sum(edits), 0), 1) as bot_percent
from wikimedia.domain_minute
where window_start >= now() - interval '24 hours'
group by domain
order by edits desc, domain
limit 20;
