"""The two Lua scripts that change the Wikimedia cache: each is one atomic step in Redis.

KEYS: meta, totals, windows, and the prefix of the window keys (whose names the scripts complete,
so the cache lives on one Redis, not on a cluster). ARGV: the expected version, and one JSON blob.
Counts travel as text "changes,edits,bot_edits": a Lua number would print 1e+15 as such.
"""

from __future__ import annotations

_WRITE = """
local meta, totals, windows, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local change = cjson.decode(ARGV[2])

local function write(floor)
  for domain, counts in pairs(change.totals) do
    redis.call('HSET', totals, domain, counts)
  end
  for start, domains in pairs(change.windows) do
    -- Below the floor a window is not kept: writing a part of it would look like all of it.
    if tonumber(start) >= floor then
      local key = prefix .. start
      for domain, counts in pairs(domains) do redis.call('HSET', key, domain, counts) end
      redis.call('HSET', windows, start, redis.call('HLEN', key))
    end
  end
  redis.call('HSET', meta, 'version', change.version, 'offsets', change.offsets,
    'as_of', change.as_of, 'floor', string.format('%.0f', floor),
    'domains', redis.call('HLEN', totals))
  -- The first minute ever counted, also when its window is not kept any more.
  local oldest = tonumber(redis.call('HGET', meta, 'oldest') or '') or math.huge
  if change.oldest ~= cjson.null and change.oldest < oldest then
    redis.call('HSET', meta, 'oldest', string.format('%.0f', change.oldest))
  end
end

local function drop_windows(below)
  for _, start in ipairs(redis.call('HKEYS', windows)) do
    if tonumber(start) < below then
      redis.call('DEL', prefix .. start)
      redis.call('HDEL', windows, start)
    end
  end
end
"""

# 1: applied; 0: the cache is not at the expected version (another writer, a restart, a lost write).
APPLY = (
    _WRITE
    + """
local version = redis.call('HGET', meta, 'version')
if version ~= ARGV[1] then return 0 end
local domains = tonumber(redis.call('HGET', meta, 'domains'))
if redis.call('HLEN', totals) ~= domains then return 0 end
local floor = tonumber(redis.call('HGET', meta, 'floor'))
if change.floor > floor then floor = change.floor end
write(floor)
drop_windows(floor)
return 1
"""
)

# ARGV[1] is the claim of the rebuild. 0: another rebuild has claimed since, or Redis restarted.
SWAP = (
    _WRITE
    + """
local version = redis.call('HGET', meta, 'version')
if version ~= ARGV[1] then return 0 end
drop_windows(math.huge)
redis.call('DEL', meta, totals, windows)
write(change.floor)
return 1
"""
)
