-- Store a batch of envelopes in the inboxes of their recipients, and look the recipients up.
--
-- KEYS[1]    <cluster>:epoch
-- KEYS[2…]   <cluster>:{user}:head of each recipient, every one once. The recipient's other keys
--            are derived from it: they bear the same hash tag, so they lie in the same slot.
-- ARGV[1]    the epoch that the caller works in
-- ARGV[2]    how many messages an inbox keeps
-- ARGV[3]    milliseconds after which an inbox that nobody writes to may go
-- ARGV[4…6]  what is remembered of producers: seconds, most sessions, sessions kept when cut
-- ARGV[7…]   five for each envelope: number of its recipient among KEYS (1 for KEYS[2]),
--            producer, number, 1 if durable or else 0, tail
-- Reply      { {nodes of recipient 1, …}, {result of envelope 1, …} }
--            nodes: the node_id of every channel, joined by newlines; empty if there is none
--            result: the new offset, or if nothing was stored { offset or 0, head, 1 if repeated }
-- Error      EPOCH <the store's, or -> if it is another: then nothing was written
--
-- Guarantees: offsets of a user grow by one; an envelope whose number is not larger than the last
-- one of its producer is not stored again; nothing else runs in between. No repeated command here
-- needs `unpack` of more than 1,000 values, the size that Lua's stack bears anywhere.

local call = redis.call
local epoch = call('GET', KEYS[1])
if epoch ~= ARGV[1] then
    return redis.error_reply('EPOCH ' .. (epoch or '-'))
end

local count, inbox_ttl = ARGV[2], tonumber(ARGV[3])
local age, most, kept = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local now = tonumber(call('TIME')[1])
-- Expiries are set anew only when so many seconds of them are gone: they are that much longer than
-- what is promised.
local REFRESH = 60
-- A hash with fewer sessions is never searched for old ones; the field '#' (no producer's, those
-- have a slash) holds the size at which the next search pays.
local FIRST_SEARCH = math.min(64, most)

-- Forget sessions: the old ones, and the least lately used of too many. A search costs as much as
-- the hash is large, and the next one comes when it has doubled, or grown by a quarter of `most`.
local function forget(key)
    local mark = call('HGET', key, '#')
    local size = call('HLEN', key) - (mark and 1 or 0)
    if size <= tonumber(mark or FIRST_SEARCH) then
        return
    end
    local fields, young, gone = call('HGETALL', key), {}, {}
    for i = 1, #fields, 2 do
        if fields[i] ~= '#' then
            local offset, time = string.match(fields[i + 1], ' (%d+) (%d+)$')
            if tonumber(time) < now - age then
                gone[#gone + 1] = fields[i]
            else
                young[#young + 1] = { tonumber(offset), fields[i] }
            end
        end
    end
    local left = #young
    if size > most and left > kept then
        -- Offsets grow, so they tell who wrote last.
        table.sort(young, function(a, b) return a[1] < b[1] end)
        for i = 1, left - kept do
            gone[#gone + 1] = young[i][2]
        end
        left = kept
    end
    for i = 1, #gone, 1000 do
        call('HDEL', key, unpack(gone, i, math.min(i + 999, #gone)))
    end
    call('HSET', key, '#', math.min(math.max(FIRST_SEARCH, 2 * left), most))
end

local recipients, nodes = {}, {}
for i = 2, #KEYS do
    local base = string.sub(KEYS[i], 1, -5)
    recipients[i - 1] = { KEYS[i], base .. 'inbox', base .. 'producers' }
    nodes[i - 1] = table.concat(call('HVALS', base .. 'channels'), '\n')
end

local results = {}
for i = 7, #ARGV, 5 do
    local recipient = recipients[tonumber(ARGV[i])]
    local head, inbox, producers = recipient[1], recipient[2], recipient[3]
    local producer, number, result = ARGV[i + 1], ARGV[i + 2], nil
    local durable = ARGV[i + 3] == '1'
    local last = durable and call('HGET', producers, producer)
    local last_number, last_offset
    if last then
        last_number, last_offset = string.match(last, '^(%d+) (%d+) ')
    end
    if not durable then
        result = { 0, tonumber(call('GET', head) or 0), 0 }
    elseif last and tonumber(number) <= tonumber(last_number) then
        local same = tonumber(number) == tonumber(last_number)
        result = { same and tonumber(last_offset) or 0, tonumber(call('GET', head) or 0), 1 }
    else
        result = call('INCR', head)
        -- Not by `tostring`, which writes numbers from 10^14 on with an exponent.
        local offset = string.format('%.0f', result)
        call('XADD', inbox, 'MAXLEN', '~', count, offset .. '-0', 'm', ARGV[i + 4])
        local value = number .. ' ' .. offset .. ' ' .. string.format('%.0f', now)
        if call('HSET', producers, producer, value) == 1 then
            forget(producers)
        end
        recipient.stored = true
    end
    results[#results + 1] = result
end

for i = 1, #recipients do
    if recipients[i].stored then
        local inbox, producers = recipients[i][2], recipients[i][3]
        if call('PTTL', inbox) < inbox_ttl - 1000 * REFRESH then
            call('PEXPIRE', inbox, inbox_ttl)
        end
        if call('TTL', producers) < 2 * age then
            call('EXPIRE', producers, 2 * age + REFRESH)
        end
    end
end
return { nodes, results }
