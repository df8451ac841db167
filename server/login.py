"""Login: from a `connect` frame to a connected channel, entered in the directory."""

import asyncio
import logging
import secrets
from collections.abc import Callable

from cluster.codes import CloseCode, ErrorCode
from cluster.errors import AuthenticationFailed, EpochChanged, InvalidName, Unavailable
from cluster.frames import Connect
from cluster.names import check_name
from server.auth import Authenticate
from server.backends import Backends
from server.channel import Channel
from server.hub import Hub
from server.inbox import Position
from server.leaves import Leaves
from server.welcome import Welcome

_log = logging.getLogger(__name__)

_NO_ANSWER = "the store does not answer"


class Login:
    """Connects clients: who they are, where their inbox stands, and what they get first."""

    def __init__(
        self,
        hub: Hub,
        backends: Backends,
        welcome: Welcome,
        leaves: Leaves,
        *,
        authenticate: Authenticate,
        epoch_changed: Callable[[], None],
    ) -> None:
        """Make the login of one node.

        Args:
            hub: where connected channels are entered.
            backends: the directory, in which the rest of the cluster finds them, and the inboxes.
            welcome: tells them so.
            leaves: takes those out again who are gone before they are connected.
            authenticate: raises `AuthenticationFailed` for a token that does not prove the user.
            epoch_changed: called when the store turns out to be another one.
        """
        self._hub = hub
        self._backends = backends
        self._welcome = welcome
        self._leaves = leaves
        self._authenticate = authenticate
        self._epoch_changed = epoch_changed
        # Nobody is connected before this is set: the node is not complete yet.
        self.ready = asyncio.Event()

    async def connect(self, channel: Channel, frame: Connect) -> None:
        """Answer a `connect` frame, one way or the other."""
        try:
            check_name("user", frame.user)
            check_name("device", frame.device)
            self._authenticate(frame.user, frame.token)
        except InvalidName as exc:
            channel.refuse(ErrorCode.BAD_NAME, str(exc), CloseCode.BAD_CONNECT)
            return
        except AuthenticationFailed as exc:
            _log.debug("refused a client at %s as %r: %s", channel.peer, frame.user, exc)
            code, close_code = ErrorCode.AUTHENTICATION_FAILED, CloseCode.AUTHENTICATION_FAILED
            if exc.expired:
                code, close_code = ErrorCode.TOKEN_EXPIRED, CloseCode.TOKEN_EXPIRED
            channel.refuse(code, exc.reason, close_code)
            return
        except Exception:
            code, close_code = ErrorCode.AUTHENTICATION_FAILED, CloseCode.AUTHENTICATION_FAILED
            channel.refuse(code, "the token cannot be checked", close_code)
            raise
        await self.ready.wait()
        if not channel.open:
            return
        if not self._backends.store_answers():
            # Said before anything is begun: clients come again and again while it is away.
            channel.refuse(ErrorCode.UNAVAILABLE, _NO_ANSWER, CloseCode.UNAVAILABLE)
            return
        try:
            await self._enter(channel, frame)
        except Unavailable as exc:
            self._leaves.note(channel)
            if isinstance(exc, EpochChanged):
                self._epoch_changed()
            channel.refuse(ErrorCode.UNAVAILABLE, _NO_ANSWER, CloseCode.UNAVAILABLE)
        except Exception:
            self._leaves.note(channel)
            channel.refuse(ErrorCode.STORE_REFUSED, "the store failed", CloseCode.UNAVAILABLE)
            raise

    async def _enter(self, channel: Channel, frame: Connect) -> None:
        """Make the channel findable *before* reading the head: what comes after is delivered."""
        channel.user, channel.device = frame.user, frame.device
        channel.id = secrets.token_hex(8)
        self._hub.add(channel)
        inbox, directory = self._backends.inbox, self._backends.directory
        epoch = inbox.epoch
        # What it has was counted in another epoch: it has nothing of this one.
        has = 0 if frame.epoch not in (None, epoch) else frame.offset
        _, position = await asyncio.gather(
            directory.add(channel.user, channel.id),
            inbox.position(channel.user, channel.device, has),
        )
        if not channel.open:
            self._leaves.note(channel)
            return
        if epoch != inbox.epoch:
            raise EpochChanged(epoch, inbox.epoch)
        after, recovered = starting_point(frame, epoch, position)
        channel.sequence.begin(after, position.head)
        self._welcome.say(channel, epoch, after, recovered=recovered)
        channel.note(position.head)


def starting_point(frame: Connect, epoch: str, position: Position) -> tuple[int, bool]:
    """Return the offset behind which a device goes on, and whether nothing is lost by that.

    Args:
        frame: what the device says that it has.
        epoch: the store's epoch.
        position: where the inbox stands.
    """
    recovered = True
    after = frame.offset
    if frame.epoch is not None and frame.epoch != epoch:
        # What it has was counted in another epoch: everything in this one is new to it.
        after, recovered = 0, False
    elif after is None:
        after = position.head if position.cursor is None else position.cursor
    elif after > position.head:
        # It has more than there is, in the same epoch: the store has forgotten something.
        after, recovered = position.head, False
    if after + 1 < position.oldest:
        after, recovered = position.oldest - 1, False
    return after, recovered
