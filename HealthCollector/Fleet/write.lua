-- Writes heartbeats of fleets of one bucket, and retires senders beyond the retention. What fails for one fleet fails for that one alone.
-- KEYS, for each fleet: records, seen, up (routers) or gone (agents), bytes (private agents)
-- ARGV: fresh since, forget sign-offs before, lifetime of sign-offs in ms, lifetime of private agents in ms, maximum clock skew,
--       quotas of agents and of bytes, prefix of the serving sets, most senders to retire,
--       then for each fleet: kind, retire those before, number of heartbeats,
--       and for each of these: when it was received, 1 or 0 (offline), id, record
-- Returns how many heartbeats changed who of the platform is registered, fresh or up; number of the fleet and id of each heartbeat
-- that a quota refused; number and error of each fleet that failed.
local call = redis.call
local fresh, signoffs_before, signoff_lifetime, lifetime = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local skew, quota, room, serving, retirable = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9])
local changes, refused, failed = 0, {}, {}

local function newer(known, received)
  known = known and tonumber(known)
  return known and known > received and known <= received + skew
end
local function projects(record)
  return record and string.sub(record, 1, string.find(record, '\n', 1, true) - 1) or ''
end
local function index(id, before, after)
  if before == after then return end
  for project in string.gmatch(before, '[^,]+') do call('SREM', serving .. project, id) end
  for project in string.gmatch(after, '[^,]+') do call('SADD', serving .. project, id) end
end

local function write(number, at)
  local records, seen, third, size = unpack(KEYS, number * 4 - 3, number * 4)
  local kind, retire = ARGV[at], ARGV[at + 1]
  local router, shared, private = kind == 'router', kind == 'shared', kind == 'private'
  local stored = private and tonumber(call('GET', size) or '0')
  local bytes = stored
  local function changed(by)
    if not private then changes = changes + by end
  end
  local function remove(id)
    if shared then index(id, projects(call('HGET', records, id)), '') end
    if private then bytes = bytes - call('HSTRLEN', records, id) end
    call('HDEL', records, id)
    call('ZREM', seen, id)
    if router then call('ZREM', third, id) end
    changed(1)
  end

  if retire ~= '0' and retirable > 0 then
    for _, id in ipairs(call('ZRANGE', seen, '-inf', '(' .. retire, 'BYSCORE', 'LIMIT', 0, retirable)) do
      remove(id)
      retirable = retirable - 1
    end
  end
  local gone = false
  if not router and call('EXISTS', third) == 1 then
    call('ZREMRANGEBYSCORE', third, '-inf', signoffs_before)
    gone = true
  end

  for i = at + 3, at + 4 * tonumber(ARGV[at + 2]), 4 do
    local received, online, id, record = tonumber(ARGV[i]), ARGV[i + 1] == '1', ARGV[i + 2], ARGV[i + 3]
    local last = call('ZSCORE', seen, id)
    last = last and tonumber(last)
    local left = gone and call('ZSCORE', third, id)
    local grown = private and bytes + #record - call('HSTRLEN', records, id)
    if newer(last, received) or newer(left, received) then
      -- a newer one is stored
    elseif not online and not router then
      if last then remove(id) end
      call('ZADD', third, received, id)
      call('PEXPIRE', third, signoff_lifetime)
      gone = true
    elseif private and (grown > room or not last and call('ZCARD', seen) >= quota) then
      refused[#refused + 1] = number
      refused[#refused + 1] = id
    else
      local known = shared and call('HGET', records, id)
      if private then bytes = grown end
      if not last or last < fresh then changed(1) end
      if router then
        if online then changed(call('ZADD', third, received, id))
        else changed(call('ZREM', third, id)) end
      elseif shared then
        if known ~= record then index(id, projects(known), projects(record)) end
      end
      if left then call('ZREM', third, id) end
      call('ZADD', seen, ARGV[i], id)
      if known ~= record then call('HSET', records, id, record) end
    end
  end
  if private then
    -- Rarely: a key lives for at least the lifetime, and for a sixteenth of it more.
    local longer = math.floor(lifetime * 17 / 16)
    if bytes <= 0 then call('DEL', size)
    elseif bytes ~= stored then call('SET', size, bytes, 'PX', longer) end
    if call('PTTL', seen) < lifetime then
      for i = number * 4 - 3, number * 4, 1 do
        if KEYS[i] ~= third then call('PEXPIRE', KEYS[i], longer) end
      end
    end
  end
end

local number, at = 1, 10
while at <= #ARGV do
  local written, failure = pcall(write, number, at)
  if not written then
    failed[#failed + 1] = number
    failed[#failed + 1] = type(failure) == 'table' and failure.err or failure
  end
  number, at = number + 1, at + 3 + 4 * tonumber(ARGV[at + 2])
end
return { changes, refused, failed }
