"""How a connection to Redis is made: dialled, logged in, fenced, given its scripts, and asked.

It makes one at a time and keeps none up; that is `redis_stream`'s part.
"""

import asyncio
from collections.abc import Callable, Sequence

from cluster.errors import ServiceUnavailable
from cluster.os_errors import in_words
from server.redis_connection import Argument, RedisConnection
from server.redis_target import RedisTarget

Command = tuple[Argument, ...]


class RedisDialer:
    """Makes the connections to one server, each the successor of the one before.

    A call that was given up with a lost connection may still wait in the server's socket, and be
    executed when the server goes on. So the old connection is ended on the server's side before
    the new one is used: what was reported as failed then never happens later, behind newer calls.
    An account that may not use CLIENT INFO and CLIENT KILL has to do without.
    """

    def __init__(self, target: RedisTarget, timeout: float, name: str) -> None:
        """Prepare.

        Args:
            target: the server.
            timeout: seconds for everything that making a connection takes.
            name: what CLIENT LIST shows; no spaces.
        """
        self._target = target
        self._timeout = timeout
        self._name = name
        # CLIENT KILL's filters for the last connection that was made; empty if not known.
        self._predecessor: Command = ()

    async def connect(
        self, make: Callable[[], RedisConnection], scripts: Sequence[str]
    ) -> RedisConnection:
        """Return a connection that is logged in, has the scripts and answers.

        Args:
            make: makes the protocol.
            scripts: texts to be loaded.

        Raises:
            ServiceUnavailable: with what went wrong.
        """
        connection: RedisConnection | None = None
        try:
            async with asyncio.timeout(self._timeout):
                connection = await self._dial(make)
                await self._greet(connection, scripts)
        except BaseException as exc:
            if connection is not None:
                connection.end("given up while connecting")
            if isinstance(exc, OSError):
                raise self._unavailable(self._describe(exc)) from exc
            raise
        if connection.ended is not None:
            raise self._unavailable(connection.ended)
        return connection

    async def _dial(self, make: Callable[[], RedisConnection]) -> RedisConnection:
        loop, target = asyncio.get_running_loop(), self._target
        if target.path is not None:
            return (await loop.create_unix_connection(make, target.path))[1]
        return (await loop.create_connection(make, target.host, target.port, ssl=target.tls))[1]

    async def _greet(self, connection: RedisConnection, scripts: Sequence[str]) -> None:
        """Send everything in one go, and see whether what is needed was accepted."""
        needed = [*self._login(), *(("SCRIPT", "LOAD", text) for text in scripts), ("PING",)]
        wished: list[Command] = [("CLIENT", "INFO"), ("CLIENT", "SETNAME", self._name)]
        if self._predecessor:
            wished.append(("CLIENT", "KILL", *self._predecessor))
        calls = [connection.call(command) for command in needed + wished]
        replies = await asyncio.gather(*calls, return_exceptions=True)
        for reply in replies[: len(needed)]:
            if isinstance(reply, ServiceUnavailable):
                raise reply
            if isinstance(reply, Exception):
                raise self._unavailable(str(reply)) from reply
        info = replies[len(needed)]
        self._predecessor = _filters(info) if isinstance(info, bytes) else ()

    def _login(self) -> list[Command]:
        target = self._target
        commands: list[Command] = []
        if target.password is not None:
            user = () if target.username is None else (target.username,)
            commands.append(("AUTH", *user, target.password))
        if target.db:
            commands.append(("SELECT", target.db))
        return commands

    def _unavailable(self, reason: str) -> ServiceUnavailable:
        return ServiceUnavailable("Redis", self._target.address, reason)

    def _describe(self, exc: OSError) -> str:
        """Return what happened, without asyncio's repetition of the address."""
        if isinstance(exc, TimeoutError):
            return f"no answer within {self._timeout:g} s"
        return in_words(exc)


def _filters(info: bytes) -> Command:
    """Return CLIENT KILL's filters for the connection that CLIENT INFO describes; none if it can't.

    The id alone is not enough: a server that was restarted gives the same ones again.
    """
    fields = dict(field.partition(b"=")[::2] for field in info.split())
    if b"id" not in fields or b"addr" not in fields:
        return ()
    return ("ID", fields[b"id"], "ADDR", fields[b"addr"])
