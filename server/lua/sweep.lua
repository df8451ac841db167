-- Remove all channels of one user that are entered for a dead node.
--
-- KEYS[1]  <cluster>:{user}:channels
-- ARGV[1]  the dead node_id
-- Reply    how many there were
--
-- Guarantees: compares and deletes in one step, so channels that the user has since opened
-- elsewhere are left alone; running twice removes nothing more.

local fields = redis.call('HGETALL', KEYS[1])
local removed = 0
for i = 1, #fields, 2 do
    if fields[i + 1] == ARGV[1] then
        removed = removed + redis.call('HDEL', KEYS[1], fields[i])
    end
end
return removed
