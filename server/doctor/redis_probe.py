"""Ask a Redis what it is, and try what a node does with it. Nothing is left there."""

import asyncio
import time
from collections.abc import Mapping
from uuid import uuid4

from cluster.errors import ClusterError, ServiceUnavailable
from server.doctor.clock import Skew
from server.doctor.redis import RedisFacts
from server.redis_errors import CommandFailed
from server.redis_keys import RedisKeys
from server.redis_scripts import script_text
from server.redis_stream import RedisStream

# Milliseconds for which a trial's keys outlive it, if they can't be deleted.
_TRIAL_MS = 5000


async def ask_redis(url: str, cluster: str, timeout: float) -> RedisFacts:
    """Return what there is to know of a Redis.

    Args:
        url: as `--redis` has it.
        cluster: whose keys are looked at.
        timeout: seconds for everything; it answers within that, or counts as not answering.
    """
    stream = RedisStream(url, call_timeout=timeout, connect_timeout=timeout, name="im-doctor")
    try:
        async with asyncio.timeout(timeout):
            return await _ask(stream, cluster)
    except TimeoutError:
        return RedisFacts(stream.address, cluster, failure=f"does not answer within {timeout:g} s")
    except ServiceUnavailable as exc:
        return RedisFacts(stream.address, cluster, failure=exc.reason)
    except CommandFailed as exc:
        return RedisFacts(stream.address, cluster, failure=f"{exc.code} {exc.reason}")
    finally:
        await stream.close()


async def _ask(stream: RedisStream, cluster: str) -> RedisFacts:
    await stream.open()
    info = await _info(stream)
    return RedisFacts(
        stream.address,
        cluster,
        info=info,
        appendfsync=await _appendfsync(stream),
        refused=await _refused(stream, cluster, info),
        skew=await _skew(stream),
        epoch=await _epoch(stream, cluster),
    )


async def _info(stream: RedisStream) -> Mapping[str, str] | None:
    """Return INFO as a dictionary; None if the account may not ask."""
    try:
        text = (await stream.call("INFO")).decode()
    except CommandFailed:
        return None
    pairs = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    return {name: value for name, colon, value in pairs if colon}


async def _appendfsync(stream: RedisStream) -> str | None:
    try:
        reply = await stream.call("CONFIG", "GET", "appendfsync")
    except CommandFailed:
        return None
    return reply[1].decode() if len(reply) == 2 else None


async def _refused(
    stream: RedisStream, cluster: str, info: Mapping[str, str] | None
) -> dict[str, str]:
    """Return which of a node's commands are refused; none are tried where nothing is written."""
    if info is not None and info.get("role") != "master":
        return {}
    trial = stream.register_script(script_text("rights"))
    key = RedisKeys(cluster).head(f"doctor-{uuid4().hex}")
    reply = await trial.call((key,), (_TRIAL_MS,))
    words = [word.decode() for word in reply]
    return dict(zip(words[::2], words[1::2], strict=True))


async def _skew(stream: RedisStream) -> Skew | None:
    before = time.time()
    try:
        seconds, microseconds = await stream.call("TIME")
    except CommandFailed:
        return None
    return Skew.measured(before, int(seconds) + int(microseconds) / 1e6, time.time())


async def _epoch(stream: RedisStream, cluster: str) -> str | None:
    try:
        found = await stream.call("GET", RedisKeys(cluster).epoch)
    except ClusterError:
        return None
    return None if found is None else str(found.decode())
