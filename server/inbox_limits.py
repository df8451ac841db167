"""How much a store remembers about one user, beside the messages. Plain numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InboxLimits:
    """Bounds of what grows with those who write to a user and with the user's devices.

    Attributes:
        session_age: seconds for which a sender's session is remembered at least after it was last
            used, unless there are too many. A retry that comes later is stored a second time.
        sessions: how many sessions are remembered at most. A store that has more forgets the
            least lately used, down to `kept_sessions`.
        devices: how many devices have a cursor at most; one more, and the device that is
            furthest behind has none any more, as if it had never connected.
    """

    session_age: int = 600
    sessions: int = 4096
    devices: int = 256

    @property
    def kept_sessions(self) -> int:
        """How many of the youngest sessions are remembered whatever happens.

        A quarter below the limit, so that forgetting is paid for by many new sessions.
        """
        return self.sessions - self.sessions // 4
