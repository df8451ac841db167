#!lua flags=allow-oom
-- Have a user's offsets go on behind one that was given out before the store lost its latest writes.
--
-- KEYS[1]  <cluster>:epoch
-- KEYS[2]  <cluster>:{user}:head
-- ARGV[1]  the epoch that the caller works in
-- ARGV[2]  the offset that a channel has got
-- Reply    1 if the head was smaller, else 0
-- Error    EPOCH <the store's, or -> if it is another: then nothing was written
--
-- Guarantees: a head never goes back, whoever calls and however often. It runs also while the
-- store has no memory left.

local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] then
    return redis.error_reply('EPOCH ' .. (epoch or '-'))
end
if tonumber(redis.call('GET', KEYS[2]) or 0) >= tonumber(ARGV[2]) then
    return 0
end
redis.call('SET', KEYS[2], ARGV[2])
return 1
