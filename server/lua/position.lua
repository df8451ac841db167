#!lua flags=allow-oom
-- Say where a user's inbox stands for a device, after dropping what is too old; and give the
-- device a cursor if it has none, so that no other device's acknowledgement drops what it lacks.
--
-- KEYS[1]  <cluster>:epoch
-- KEYS[2]  <cluster>:{user}:head; the user's other keys are derived from it (same hash tag, so
--          the same slot)
-- ARGV[1]  the epoch that the caller works in
-- ARGV[2]  the device
-- ARGV[3]  seconds after which a message may go
-- ARGV[4]  the offset that the device says it has; empty if it says none: then the head counts
-- ARGV[5]  how many devices may have a cursor; one too many gets its own when it acknowledges
-- Reply    { head, oldest offset that can be read or head + 1, the device's cursor before or nil }
-- Error    EPOCH <the store's, or -> if it is another: then nothing was written
--
-- Guarantees: the three belong together; the cost grows with the logarithm of the inbox's length
-- (and with what is dropped). Messages count as ordered by the time in them, which nodes' clocks
-- make true to within their own difference. It runs also while the store has no memory left: who
-- cannot come in cannot read, and makes no room.

local call = redis.call
local epoch = call('GET', KEYS[1])
if epoch ~= ARGV[1] then
    return redis.error_reply('EPOCH ' .. (epoch or '-'))
end

local base = string.sub(KEYS[2], 1, -5)
local inbox = base .. 'inbox'
local head = tonumber(call('GET', KEYS[2]) or 0)
local limit = tonumber(call('TIME')[1]) - tonumber(ARGV[3])

local function id(offset)
    return string.format('%.0f-0', offset)
end

-- The first entry from `offset` on: its offset and whether it is too old.
local function look(offset)
    local entry = call('XRANGE', inbox, id(offset), '+', 'COUNT', 1)[1]
    if not entry then
        return nil, false
    end
    -- The first match is the message's own time: quotes within the sender's name are escaped.
    local time = tonumber(string.match(entry[2][2], '"time":([%d.eE+-]+)'))
    return tonumber(string.match(entry[1], '^%d+')), time ~= nil and time < limit
end

local oldest, is_old = look(0)
if is_old then
    -- The first young one is in (low, high]; head + 1 stands for "there is none".
    local low, high = oldest, head + 1
    while high - low > 1 do
        local middle = math.floor((low + high) / 2)
        local _, middle_is_old = look(middle)
        if middle_is_old then
            low = middle
        else
            high = middle
        end
    end
    call('XTRIM', inbox, 'MINID', id(high))
    oldest = look(high)
end
local cursors = base .. 'cursors'
local cursor = call('HGET', cursors, ARGV[2])
if not cursor and call('HLEN', cursors) < tonumber(ARGV[5]) then
    local start = math.min(tonumber(ARGV[4]) or head, head)
    call('HSET', cursors, ARGV[2], string.format('%.0f', start))
end
return { head, oldest or head + 1, cursor and tonumber(cursor) }
