-- Reads senders of one fleet.
-- KEYS: records, seen
-- ARGV: ids
-- Returns id, time of receipt and record of each one that is stored.
local found = {}
for i, id in ipairs(ARGV) do
  local score, record = redis.call('ZSCORE', KEYS[2], id), redis.call('HGET', KEYS[1], id)
  if score and record then
    found[#found + 1] = id
    found[#found + 1] = score
    found[#found + 1] = record
  end
end
return found
