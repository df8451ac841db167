-- Remove a channel from the directory if it is entered for a node.
--
-- KEYS[1]  <cluster>:{user}:channels
-- ARGV[1]  the channel_id
-- ARGV[2]  the node_id
-- Reply    1 if it was removed, else 0
--
-- Guarantees: compares and deletes in one step, so a newer login is left alone.

if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
    return 0
end
return redis.call('HDEL', KEYS[1], ARGV[1])
