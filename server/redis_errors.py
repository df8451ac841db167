"""What Redis answers when it refuses a command, as errors of this project.

ClusterError
└── CommandFailed      the same command would be refused again
(those that may be accepted later are `cluster.errors.ServiceUnavailable`)
"""

from cluster.errors import ClusterError, ServiceUnavailable

# Redis says these while it starts, fails over, has no memory or disk left, or runs a long script;
# NOSCRIPT after its scripts were flushed, which the stream mends. All of them pass.
_PASSING = frozenset(
    {
        "BUSY",
        "CLUSTERDOWN",
        "LOADING",
        "MASTERDOWN",
        "MISCONF",
        "NOREPLICAS",
        "NOSCRIPT",
        "OOM",
        "READONLY",
        "TRYAGAIN",
    }
)

# What it says to a name or a password that it does not take.
_LOGIN = ("NOAUTH", "WRONGPASS", "ERR AUTH", "without any password configured")


class CommandFailed(ClusterError):
    """An error reply that will not pass by itself.

    Attributes:
        code: its first word, `WRONGTYPE` for example.
        reason: the rest.
    """

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"Redis refused a command: {code} {reason}")


def is_login_refusal(reason: str) -> bool:
    """Tell whether a reason says that this user or password is not let in."""
    return any(word in reason for word in _LOGIN)


def is_account_refusal(reason: str) -> bool:
    """Tell whether a reason says that, or that this user lacks a right."""
    return is_login_refusal(reason) or "NOPERM" in reason


def refusal(text: str, address: str) -> CommandFailed | ServiceUnavailable:
    """Return the error for an error reply.

    Args:
        text: the reply without its leading dash.
        address: the server's, without a password.
    """
    code, _, reason = text.partition(" ")
    if code in _PASSING:
        return ServiceUnavailable("Redis", address, text)
    return CommandFailed(code, reason)
