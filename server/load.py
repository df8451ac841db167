"""The load that a node's record tells: when it is worth writing anew. Pure.

Each write is read by every balancer and every node. So small changes wait, and are told in the
end all the same: two nodes that are 9 % off in opposite directions would never level out.
"""

# Seconds between two looks at how many channels there are, so between two writes at least.
LOAD_INTERVAL = 5.0

# The least change, as a share of what was written, that is told at once, and the least that is
# told after a while.
LARGE_CHANGE = 0.1
SMALL_CHANGE = 0.02

# Seconds for which a small change waits.
SMALL_CHANGE_AFTER = 30.0


def worth_writing(load: int, written: int, age: float) -> bool:
    """Tell whether a record is too far from the truth.

    Args:
        load: how many channels there are.
        written: how many the record says.
        age: seconds since the record was written.
    """
    share = SMALL_CHANGE if age >= SMALL_CHANGE_AFTER else LARGE_CHANGE
    return abs(load - written) > share * max(written, 1)
