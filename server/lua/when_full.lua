#!lua flags=allow-oom
-- Run one small write, also while the store has no memory left for messages.
--
-- KEYS[1]   the key that it writes
-- ARGV[1]   the command
-- ARGV[2…]  its arguments behind the key; at most 1,000, the size that Lua's stack bears anywhere
-- Reply     that of the command
--
-- Guarantees: what it takes for users to come in and read, whose acknowledgements free memory, is
-- never refused for lack of it.

return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))
