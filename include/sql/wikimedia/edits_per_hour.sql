-- How many edits were there in each hour of the last two days, and were all minutes of it counted?
-- An hour with fewer than 60 counted minutes is a gap in collecting, or an hour still going on.
select date_trunc('hour', window_start) as hour,
       sum(edits) as edits,
       sum(bot_edits) as bot_edits,
       count(distinct window_start) as counted_minutes
from wikimedia.domain_minute
where window_start >= date_trunc('hour', now()) - interval '47 hours'
group by hour
order by hour;
