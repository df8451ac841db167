-- Read messages of an inbox in order.
--
-- KEYS[1]  <cluster>:epoch
-- KEYS[2]  <cluster>:{user}:inbox
-- ARGV[1]  the epoch that the caller works in
-- ARGV[2]  the id to begin with, <offset>-0
-- ARGV[3]  how many at most
-- Reply    what XRANGE replies: { {id, {'m', tail}}, … }
-- Error    EPOCH <the store's, or -> if it is another
--
-- Guarantees: never messages of another epoch than the caller's.

local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] then
    return redis.error_reply('EPOCH ' .. (epoch or '-'))
end
return redis.call('XRANGE', KEYS[2], ARGV[2], '+', 'COUNT', ARGV[3])
