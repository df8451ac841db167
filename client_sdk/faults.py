"""The errors that the SDK's parts tell each other; none of them reaches the application. Pure."""

from cluster.errors import ClusterError, Unavailable

# RFC 6455, section 7.4.1: what stands for the code if no close frame was received.
ABNORMAL = 1006
# Seconds; a peer that asks to be left alone for longer is not believed.
LONGEST_REST = 600.0


class ChannelLost(ClusterError):
    """A channel is gone, or was closed by the node instead of being accepted.

    Attributes:
        code: the close code; `ABNORMAL` if the connection was cut.
        reason: what the node said, or what happened.
    """

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{reason or 'closed'} ({code})")


class Unreachable(Unavailable):
    """Something that is needed for a channel is not there, for a reason that may pass.

    Attributes:
        reason: what happened.
        retry_after: seconds after which to try again, if it said so; None if it did not.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(reason)


def parse_retry_after(value: str | None) -> float | None:
    """Return the seconds that a `Retry-After` header names, at most `LONGEST_REST`.

    None for a date or anything else.
    """
    if value is None or not value.strip().isdecimal():
        return None
    return min(float(value), LONGEST_REST)
