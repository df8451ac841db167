"""`connect`: where an application begins."""

from collections.abc import Generator
from pathlib import Path
from types import TracebackType

from client_sdk.address import make_resolver
from client_sdk.client import Client
from client_sdk.events import Report
from client_sdk.settings import Settings
from client_sdk.tokens import Token


class Connecting:
    """A client to be: `async with` connects and closes it, `await` connects it."""

    def __init__(self, address: str, settings: Settings, on_state: Report | None) -> None:
        self._address = address
        self._settings = settings
        self._on_state = on_state
        # The client, once `async with` has begun.
        self._client: Client | None = None

    def __await__(self) -> Generator[object, None, Client]:
        """Connect and return the client; it has to be closed."""
        return self._open().__await__()

    async def _open(self) -> Client:
        settings = self._settings
        resolver = make_resolver(
            self._address,
            user=settings.user,
            policy=settings.policy,
            zone=settings.zone,
            cache=None if settings.cache is None else Path(settings.cache),
        )
        client = Client(resolver, settings, self._on_state)
        await client.start()
        return client

    async def __aenter__(self) -> Client:
        """Connect and return the client."""
        self._client = await self._open()
        return self._client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client."""
        if self._client is not None:
            await self._client.__aexit__(kind, fault, traceback)


def connect(
    address: str,
    *,
    user: str,
    token: Token = Settings.token,
    device: str = Settings.device,
    policy: str = Settings.policy,
    zone: str = Settings.zone,
    cache: str | Path | None = Settings.cache,
    epoch: str | None = Settings.epoch,
    offset: int | None = Settings.offset,
    on_state: Report | None = None,
    connect_timeout: float = Settings.connect_timeout,
    send_timeout: float = Settings.send_timeout,
    send_window: int = Settings.send_window,
    receive_window: int = Settings.receive_window,
    max_size: int = Settings.max_size,
) -> Connecting:
    """Connect a user to the cluster: `async with connect(…) as client`, or `await connect(…)`.

    Args:
        address: `zk://HOSTS[/chroot][?cluster=NAME]`, `http(s)://BALANCER` or
            `ws(s)://NODE[,ws://NODE…]`; see `client_sdk.address`.
        user: who connects.
        token: see `client_sdk.settings.Settings`, as for all that follow.
        device: which of the user's devices this is.
        policy: how to pick a node.
        zone: the zone to prefer.
        cache: a file that keeps the last list of nodes for the next start.
        epoch, offset: the last message that the application has, and what that is counted in.
        on_state: called in the event loop with each `Event`; it must not block.
        connect_timeout: seconds to try.
        send_timeout: seconds to wait for each confirmation.
        send_window: unconfirmed sends at one time.
        receive_window: messages kept ready.
        max_size: largest frame to send, in bytes.

    Raises:
        InvalidName: a name may not be used.
        InvalidSetting: a number is out of its range.
        InvalidAddress: the address can't be understood (when it is awaited).
        NoNodeAvailable: no node could be reached in time (when it is awaited).
        Disconnected: a node refused the client for good (when it is awaited).
    """
    settings = Settings(
        user=user,
        token=token,
        device=device,
        policy=policy,
        zone=zone,
        cache=cache,
        epoch=epoch,
        offset=offset,
        connect_timeout=connect_timeout,
        send_timeout=send_timeout,
        send_window=send_window,
        receive_window=receive_window,
        max_size=max_size,
    )
    return Connecting(address, settings, on_state)
