-- Keeps the watch over the platform, and counts its routers and shared agents.
-- KEYS: watch, routers:seen, routers:up, shared:seen
-- ARGV, all in µs: now, fresh since, registered since, stale after, time that a fleet has to report again, maximum clock skew, maximum gap of a watch
-- Returns the fields of PlatformCounts in order.
local now, chance = tonumber(ARGV[1]), tonumber(ARGV[5])
local skew, gap = tonumber(ARGV[6]), tonumber(ARGV[7])
local watch = redis.call('HMGET', KEYS[1], 'since', 'until', 'before')
local since, last, before = tonumber(watch[1]), tonumber(watch[2]), tonumber(watch[3])
if not last or last > now + skew then
  since, last, before = now, now, now
elseif now > last + gap then
  if last - since >= chance then before = last end
  since = now
end
local function text(micros) return string.format('%.0f', micros) end
redis.call('HSET', KEYS[1], 'since', text(since), 'until', text(math.max(now, last)), 'before', text(before))

local counts = { now - since }
for i, key in ipairs({ KEYS[2], KEYS[4] }) do
  counts[#counts + 1] = redis.call('ZCARD', key)
  counts[#counts + 1] = redis.call('ZCOUNT', key, ARGV[3], '+inf')
  counts[#counts + 1] = redis.call('ZCOUNT', key, ARGV[2], '+inf')
end
counts[#counts + 1] = redis.call('ZCOUNT', KEYS[3], ARGV[2], '+inf')
local unheard_since, unheard_until = before - tonumber(ARGV[4]), math.min(since, tonumber(ARGV[2]))
counts[#counts + 1] = unheard_since
counts[#counts + 1] = unheard_until
for i, key in ipairs({ KEYS[3], KEYS[4] }) do
  counts[#counts + 1] = now - since < chance and redis.call('ZCOUNT', key, text(unheard_since), '(' .. text(unheard_until)) or 0
end
return counts
