-- Read messages of an inbox in order.
--
-- KEYS[1]  <cluster>:epoch
-- KEYS[2]  <cluster>:{user}:inbox
-- ARGV[1]  the epoch that the caller works in
-- ARGV[2]  the id to begin with, <offset>-0
-- ARGV[3]  how many at most
-- ARGV[4]  how many bytes of them, at least one message and with the one that passes it
-- Reply    what XRANGE replies: { {id, {'m', tail}}, … }
-- Error    EPOCH <the store's, or -> if it is another
--
-- Guarantees: never messages of another epoch than the caller's.

local call = redis.call
local epoch = call('GET', KEYS[1])
if epoch ~= ARGV[1] then
    return redis.error_reply('EPOCH ' .. (epoch or '-'))
end

-- Read a few at a time, so that what is too much is not even copied.
local STEP = 16
local from, limit, budget = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local found, bytes = {}, 0
while #found < limit do
    local step = math.min(STEP, limit - #found)
    local entries = call('XRANGE', KEYS[2], from, '+', 'COUNT', step)
    for _, entry in ipairs(entries) do
        found[#found + 1] = entry
        bytes = bytes + #entry[2][2]
        if bytes >= budget then
            return found
        end
    end
    if #entries < step then
        break
    end
    from = '(' .. entries[#entries][1]
end
return found
