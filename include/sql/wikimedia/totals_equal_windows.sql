-- Is each total the sum of its windows? Every row returned is a wrong number: there must be none.
select domain, t.changes, w.changes as windows_changes, t.edits, w.edits as windows_edits,
       t.bot_edits, w.bot_edits as windows_bot_edits
from wikimedia.domain_total t
full join (
  select domain, sum(changes)::bigint as changes, sum(edits)::bigint as edits,
         sum(bot_edits)::bigint as bot_edits
  from wikimedia.domain_minute
  group by domain
) w using (domain)
where (t.changes, t.edits, t.bot_edits) is distinct from (w.changes, w.edits, w.bot_edits);
