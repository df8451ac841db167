-- Try every command that a node uses, on keys of the trial's own.
--
-- KEYS[1]  <cluster>:{name}:head, where no user has that name
-- ARGV[1]  milliseconds after which the keys vanish if they can't be deleted
-- Reply    for each command that was refused its name and the reason, in turn
--
-- Guarantees: one command's refusal keeps none of the others from being tried, and nothing is left
-- when it returns, or after ARGV[1] if the account may not delete.

local base = string.sub(KEYS[1], 1, -5)
local head, hash, stream, set = KEYS[1], base .. 'channels', base .. 'inbox', base .. 'users'
local refused = {}
local function try(command, ...)
    local reply = redis.pcall(command, ...)
    if type(reply) == 'table' and reply['err'] then
        refused[#refused + 1] = command
        refused[#refused + 1] = reply['err']
    end
end

try('SET', head, '1')
try('GET', head)
try('MGET', head)
try('INCR', head)
try('HSET', hash, 'field', 'value')
try('HGET', hash, 'field')
try('HGETALL', hash)
try('HLEN', hash)
try('HVALS', hash)
try('HDEL', hash, 'none')
try('XADD', stream, 'MAXLEN', '~', 10, '1-0', 'm', 'value')
try('XRANGE', stream, '-', '+')
try('XTRIM', stream, 'MINID', '2-0')
try('SADD', set, 'member')
try('SISMEMBER', set, 'member')
try('SMEMBERS', set)
try('SRANDMEMBER', set, 1)
try('SREM', set, 'none')
try('EXPIRE', head, 60)
try('TTL', head)
try('PTTL', head)
try('TIME')
for _, key in ipairs({ head, hash, stream, set }) do
    try('PEXPIRE', key, ARGV[1])
    redis.pcall('DEL', key)
end
return refused
