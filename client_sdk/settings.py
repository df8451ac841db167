"""The settings of a client: each option of `connect`, with its unit and what it trades. Pure."""

from dataclasses import dataclass
from pathlib import Path

from balancer.policy import DEFAULT_POLICY
from client_sdk.errors import InvalidSetting
from client_sdk.inflow import Position
from client_sdk.tokens import Token
from cluster.frames import DEFAULT_MAX_MESSAGE_BYTES
from cluster.names import check_name

DEFAULT_DEVICE = "default"


@dataclass(frozen=True)
class Settings:
    """What a client was told at its start.

    Attributes:
        user: who connects.
        token: proof of it: a string, or a function (it may be async) that returns one; the
            function is called for the first connection and whenever a token has expired.
        device: which of the user's devices this is. Each device has its own cursor, so each gets
            every message; two clients with the same name share a cursor.
        policy: how to pick a node: `round_robin`, `ip_hash`, `consistent_hash`, `least_loaded`.
        zone: the zone whose nodes are preferred; empty for none.
        cache: a file in which the last list of nodes is kept, so that a start while ZooKeeper or
            the balancer is away finds them; None for none. Who can write to it decides where the
            client, and its token, go.
        epoch: what `offset` is counted in, as `Client.epoch` said earlier.
        offset: the last message that the application has, as `Client.offset` said earlier; None
            to go by the cursor that the inbox keeps for the device.
        connect_timeout: seconds that `connect` tries before it raises `NoNodeAvailable`.
        send_timeout: seconds that `send` waits, through reconnects, before it raises
            `SendTimeout`. It should outlast a restart of the services.
        send_window: unconfirmed sends at one time; further calls wait. More means more throughput
            on slow lines, and more to send again after a reconnect.
        receive_window: messages kept ready for the application. Further ones stay in the inbox
            and cost a resume when the application comes to them.
        max_size: the largest frame to send, in bytes; not more than the nodes' own limit.
    """

    user: str
    token: Token = None
    device: str = DEFAULT_DEVICE
    policy: str = DEFAULT_POLICY
    zone: str = ""
    cache: str | Path | None = None
    epoch: str | None = None
    offset: int | None = None
    connect_timeout: float = 10.0
    send_timeout: float = 30.0
    send_window: int = 1024
    receive_window: int = 1000
    max_size: int = DEFAULT_MAX_MESSAGE_BYTES

    def __post_init__(self) -> None:
        """Check what can be checked without a node.

        Raises:
            InvalidName: user or device may not be used.
            InvalidSetting: a number is out of its range.
        """
        check_name("user", self.user)
        check_name("device", self.device)
        for name in ("connect_timeout", "send_timeout"):
            if not getattr(self, name) > 0:
                raise InvalidSetting(name, "must be a number of seconds above 0")
        for name in ("send_window", "receive_window", "max_size"):
            if getattr(self, name) < 1:
                raise InvalidSetting(name, "must be at least 1")
        if self.offset is not None and self.offset < 0:
            raise InvalidSetting("offset", "must not be negative")

    @property
    def start(self) -> Position:
        """Return where the application says that it stands."""
        return Position(self.epoch, self.offset)

    @property
    def attempt_timeout(self) -> float:
        """Return the seconds for one node: half, so that one silent node leaves time for others."""
        return min(5.0, self.connect_timeout / 2)

    @property
    def receive_max_bytes(self) -> int:
        """Return the largest frame to accept.

        Far more than is sent: other clients may be allowed more, and one message that is too
        large for this client would end it for good.
        """
        return max(4 << 20, 2 * self.max_size)
