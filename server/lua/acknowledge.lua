#!lua flags=allow-oom
-- Note what a device has, and drop what all of the user's devices have.
--
-- KEYS[1]  <cluster>:epoch
-- KEYS[2]  <cluster>:{user}:head; the user's other keys are derived from it (same hash tag, so
--          the same slot)
-- ARGV[1]  the epoch that the caller works in
-- ARGV[2]  the device
-- ARGV[3]  the offset up to which it has everything
-- ARGV[4]  how many devices may have a cursor
-- Reply    the device's cursor
-- Error    EPOCH <the store's, or -> if it is another: then nothing was written
--
-- Guarantees: a cursor never goes back and never beyond the head; of too many devices the one
-- that is furthest behind loses its cursor, never the one that acknowledges. It runs also while
-- the store has no memory left: it makes room.

local call = redis.call
local epoch = call('GET', KEYS[1])
if epoch ~= ARGV[1] then
    return redis.error_reply('EPOCH ' .. (epoch or '-'))
end

local base = string.sub(KEYS[2], 1, -5)
local cursors, device = base .. 'cursors', ARGV[2]
local offset = math.min(tonumber(ARGV[3]), tonumber(call('GET', KEYS[2]) or 0))
-- The cursors alone do not tell: a device gets its first one by connecting.
local acked = base .. 'acked'
if offset > tonumber(call('GET', acked) or 0) then
    call('SET', acked, string.format('%.0f', offset))
end
local before = call('HGET', cursors, device)
if before and tonumber(before) >= offset then
    return tonumber(before)
end
call('HSET', cursors, device, string.format('%.0f', offset))

-- Return the smallest cursor of all devices but this one, whose it is, and how many they are.
local function others()
    local fields, smallest, whose = call('HGETALL', cursors), nil, nil
    for i = 1, #fields, 2 do
        local cursor = tonumber(fields[i + 1])
        if fields[i] ~= device and (not smallest or cursor < smallest) then
            smallest, whose = cursor, fields[i]
        end
    end
    return smallest, whose, #fields / 2 - 1
end

local smallest, whose, count = others()
if count >= tonumber(ARGV[4]) then
    call('HDEL', cursors, whose)
    smallest = others()
end
local done = math.min(smallest or offset, offset)
call('XTRIM', base .. 'inbox', 'MINID', string.format('%.0f-0', done + 1))
return offset
