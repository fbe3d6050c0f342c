-- Writes heartbeats of one fleet, each sender at most once, and retires senders beyond the retention.
-- KEYS: records, seen, up (routers) or gone (agents), bytes (private agents)
-- ARGV: kind, quota, fresh since, registered since, forget sign-offs before, lifetime in ms, quota of bytes, maximum clock skew,
--       lifetime of sign-offs in ms,
--       then for each heartbeat: when it was received, 1 or 0 (offline), id, record
-- Returns how many heartbeats changed who is registered, fresh or up, and the ids that a quota refused.
local records, seen, third = KEYS[1], KEYS[2], KEYS[3]
local kind, quota, fresh, registered = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local signoffs_before, lifetime, room, skew, signoff_lifetime = ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
local router, shared, private = kind == 'router', kind == 'shared', kind == 'private'
local bytes = private and tonumber(redis.call('GET', KEYS[4]) or '0')
local changes, refused = 0, {}

local function newer(known, received)
  known = known and tonumber(known)
  return known and known > received and known <= received + skew
end
local function projects(record)
  return record and string.sub(record, 1, string.find(record, '\n', 1, true) - 1) or ''
end
local function index(id, before, after)
  if before == after then return end
  for project in string.gmatch(before, '[^,]+') do redis.call('SREM', 'fleet:{platform}:serving:' .. project, id) end
  for project in string.gmatch(after, '[^,]+') do redis.call('SADD', 'fleet:{platform}:serving:' .. project, id) end
end
local function remove(id)
  if shared then index(id, projects(redis.call('HGET', records, id)), '') end
  if private then bytes = bytes - redis.call('HSTRLEN', records, id) end
  redis.call('HDEL', records, id)
  redis.call('ZREM', seen, id)
  if router then redis.call('ZREM', third, id) end
  changes = changes + 1
end

local newest = redis.call('ZREVRANGE', seen, 0, 0, 'WITHSCORES')[2]
if newest and (private or tonumber(newest) >= fresh) then
  for _, id in ipairs(redis.call('ZRANGE', seen, '-inf', '(' .. registered, 'BYSCORE', 'LIMIT', 0, 1000)) do remove(id) end
end
local count, gone = redis.call('ZCARD', seen), false
if not router and redis.call('EXISTS', third) == 1 then
  redis.call('ZREMRANGEBYSCORE', third, '-inf', signoffs_before)
  gone = true
end

for i = 10, #ARGV, 4 do
  local received, online, id, record = tonumber(ARGV[i]), ARGV[i + 1] == '1', ARGV[i + 2], ARGV[i + 3]
  local last = redis.call('ZSCORE', seen, id)
  last = last and tonumber(last)
  local left = gone and redis.call('ZSCORE', third, id)
  local grown = private and bytes + #record - redis.call('HSTRLEN', records, id)
  if newer(last, received) or newer(left, received) then
    -- a newer one is stored
  elseif not online and not router then
    if last then remove(id); count = count - 1 end
    redis.call('ZADD', third, received, id)
    redis.call('PEXPIRE', third, signoff_lifetime)
    gone = true
  elseif (not last and count >= quota) or (private and grown > room) then
    refused[#refused + 1] = id
  else
    local known = shared and redis.call('HGET', records, id)
    if private then bytes = grown end
    if not last then count = count + 1 end
    if not last or last < fresh then changes = changes + 1 end
    if router then
      if online then changes = changes + redis.call('ZADD', third, received, id)
      else changes = changes + redis.call('ZREM', third, id) end
    elseif shared then
      if known ~= record then index(id, projects(known), projects(record)) end
    end
    if left then redis.call('ZREM', third, id) end
    redis.call('ZADD', seen, ARGV[i], id)
    if known ~= record then redis.call('HSET', records, id, record) end
  end
end
if private then
  if bytes > 0 then redis.call('SET', KEYS[4], bytes, 'PX', lifetime) else redis.call('DEL', KEYS[4]) end
  redis.call('PEXPIRE', records, lifetime)
  redis.call('PEXPIRE', seen, lifetime)
end
return { changes, refused }
