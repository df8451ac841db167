"""How many files this process may have open, of which every connection is one."""

import resource

# Files that are not clients' connections: sockets to the services and to the admin port, and those
# of clients whose handshake is under way. At least so many, or this share.
_RESERVE = 100
_RESERVE_SHARE = 0.1


def raise_file_limit() -> None:
    """Raise the soft limit of open files to the hard one, as far as the system lets us.

    The soft limit is low, often 1024, for programs that call `select`; this one does not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        # The kernel has a limit of its own below the hard one: the soft one will have to do.
        return


def room_for_connections() -> int | None:
    """Return how many clients the limit of open files leaves room for; None if there is none."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else room_within(soft)


def room_within(limit: int) -> int:
    """Return how many clients a limit of open files leaves room for; at least 1."""
    return max(1, limit - _reserve(limit))


def room_for_sockets() -> int | None:
    """Return how many sockets clients may have, handshakes under way included; None for no limit.

    Half of what is kept back for other things: what never finishes its handshake may not have it.
    """
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else sockets_within(soft)


def sockets_within(limit: int) -> int:
    """Return how many sockets of clients a limit of open files leaves room for; at least 1."""
    return max(1, limit - _reserve(limit) // 2)


def _reserve(limit: int) -> int:
    return max(_RESERVE, int(limit * _RESERVE_SHARE))
