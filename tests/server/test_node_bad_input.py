"""Bad input: each gets its error and its close code, is counted, and the node goes on serving."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import jwt
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from cluster.codes import CloseCode, ErrorCode
from server.batch import Item, encode_batch
from server.node import Node
from tests.server.embedded import Client, client, metric, running
from tests.services.eventually import eventually

SECRET = "a secret of at least thirty-two bytes"


class Refusal(NamedTuple):
    """What a client has to get for something: error frames, and the code if it is closed."""

    errors: tuple[ErrorCode, ...]
    code: CloseCode | int | None = None


@asynccontextmanager
async def still_serving(**settings: Any) -> AsyncIterator[Node]:
    """Give a node, and check that it serves others before and afterwards."""
    async with running(**settings) as [node]:
        token = None
        if node.settings.auth_secret:
            token = jwt.encode({"sub": "witness"}, node.settings.auth_secret)
        async with client(node) as witness:
            await witness.enter("witness", token=token)
            yield node
            await witness.say("send", id="w-1", to="witness", body="all is well")
            frames = await witness.hear_many(2)
            assert {frame["type"] for frame in frames} == {"sent", "message"}
        assert await metric(node, "unexpected_total") == 0.0


async def check(node: Node, bad: Client, expected: Refusal) -> None:
    """Check what the client gets, and that it is counted."""
    if expected.code is None:
        frames = await bad.hear_many(len(expected.errors))
        await bad.nothing_else()
    else:
        frames, code = await bad.end()
        assert code == expected.code
    assert [frame.get("code") for frame in frames] == list(expected.errors)
    for error in set(expected.errors):
        count = expected.errors.count(error)
        assert await metric(node, "refused_total", error) == count
    if expected.code is not None:
        label = str(int(expected.code))

        async def counted() -> bool:
            return await metric(node, "closes_total", label) == 1.0

        await eventually(counted)


def send(**fields: Any) -> str:
    """Return a `send` frame with some fields replaced."""
    return json.dumps({"type": "send", "id": "s-1", "to": "bob", "body": 1} | fields)


DEEP = "[" * 20_000 + "]" * 20_000


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("not JSON", Refusal((ErrorCode.BAD_JSON,))),
        ("", Refusal((ErrorCode.BAD_JSON,))),
        ("[]", Refusal((ErrorCode.BAD_FRAME,))),
        ("null", Refusal((ErrorCode.BAD_FRAME,))),
        ("{}", Refusal((ErrorCode.BAD_FRAME,))),
        ('{"type":7}', Refusal((ErrorCode.BAD_FRAME,))),
        ('{"type":"connect"}', Refusal((ErrorCode.BAD_FRAME,))),
        ('{"type":"destroy"}', Refusal((ErrorCode.UNKNOWN_TYPE,))),
        ('{"type":"message"}', Refusal((ErrorCode.UNKNOWN_TYPE,))),
        ('{"type":"ack","offset":1e300}', Refusal((ErrorCode.BAD_FRAME,))),
        ('{"type":"ack","offset":-1}', Refusal((ErrorCode.BAD_FRAME,))),
        (send(to=[1]), Refusal((ErrorCode.BAD_FRAME,))),
        (send(id="nonsense"), Refusal((ErrorCode.BAD_ID,))),
        (send(id="s-" + "9" * 16), Refusal((ErrorCode.BAD_ID,))),
        (send(id="ü-1"), Refusal((ErrorCode.BAD_ID,))),
        (send(to=""), Refusal((ErrorCode.BAD_NAME,))),
        (send(to="{bob}"), Refusal((ErrorCode.BAD_NAME,))),
        (send(to="b\u0000b"), Refusal((ErrorCode.BAD_NAME,))),
        (send(to="x" * 10_240), Refusal((ErrorCode.BAD_NAME,))),
        ('{"type":"send","id":"s-1","to":"bob","body":NaN}', Refusal((ErrorCode.BAD_JSON,))),
        ('{"type":"send","id":"s-1","to":"\\ud800","body":1}', Refusal((ErrorCode.BAD_JSON,))),
        (DEEP, Refusal((ErrorCode.BAD_FRAME,))),
        (
            '{"type":"send","id":"s-1","to":"bob","body":' + DEEP + "}",
            Refusal((ErrorCode.BAD_JSON,)),
        ),
        ('{"type":"connect","user":"mallory"}', Refusal((ErrorCode.ALREADY_CONNECTED,))),
        (b"\x00binary", Refusal((ErrorCode.NOT_TEXT,))),
        ("x" * 65_537, Refusal((), CloseCode.MESSAGE_TOO_BIG)),
        ("x" * 10_000_000, Refusal((), CloseCode.MESSAGE_TOO_BIG)),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_bad_message(message: str | bytes, expected: Refusal) -> None:
    async with still_serving() as node, client(node, "mallory") as bad:
        try:
            await bad.socket.send(message)
        except ConnectionClosed:
            # The node may refuse a large one from its header, while it is still being sent.
            assert expected.code is not None
        await check(node, bad, expected)


async def test_three_bad_messages() -> None:
    async with still_serving() as node, client(node, "mallory") as bad:
        for _ in range(3):
            await bad.socket.send("nonsense")
        errors = (ErrorCode.BAD_JSON,) * 3
        await check(node, bad, Refusal(errors, CloseCode.TOO_MANY_BAD_FRAMES))


async def test_text_that_is_not_utf8() -> None:
    async with still_serving() as node, client(node, "mallory") as bad:
        await bad.socket.send(b"\xc3\x28", text=True)
        await check(node, bad, Refusal((), CloseCode.INVALID_DATA))


async def test_a_message_in_fragments_that_is_too_large() -> None:
    async with still_serving() as node, client(node, "mallory") as bad:
        try:
            await bad.socket.send(["x" * 10_000] * 10)
        except ConnectionClosed:
            pass
        await check(node, bad, Refusal((), CloseCode.MESSAGE_TOO_BIG))


async def test_no_connect_in_time() -> None:
    async with still_serving(connect_timeout=1.0) as node, client(node) as bad:
        await bad.say("ping")
        assert (await bad.hear())["type"] == "pong"
        await check(node, bad, Refusal((), CloseCode.CONNECT_TIMEOUT))


@pytest.mark.parametrize("frame", [send(), '{"type":"ack","offset":1}'])
async def test_a_frame_before_connect(frame: str) -> None:
    async with still_serving() as node, client(node) as bad:
        await bad.socket.send(frame)
        await check(node, bad, Refusal((ErrorCode.NOT_CONNECTED,)))


@pytest.mark.parametrize(
    "user",
    ["", "a\tb", "\x7f", "a\u2029b", "{bob}", "x" * 256, "x" * 10_240],
    ids=lambda value: repr(value)[:20],
)
async def test_a_name_that_may_not_be_used(user: str) -> None:
    async with still_serving() as node, client(node) as bad:
        await bad.say("connect", user=user)
        await check(node, bad, Refusal((ErrorCode.BAD_NAME,), CloseCode.BAD_CONNECT))


async def test_a_name_that_is_no_unicode() -> None:
    async with still_serving() as node, client(node) as bad:
        await bad.socket.send('{"type":"connect","user":"\\ud800"}')
        await check(node, bad, Refusal((ErrorCode.BAD_JSON,)))


def unsigned(**claims: object) -> str:
    """Return a token that says that it needs no signature."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join((*coded, b"")).decode()


FAILED = Refusal((ErrorCode.AUTHENTICATION_FAILED,), CloseCode.AUTHENTICATION_FAILED)
EXPIRED = Refusal((ErrorCode.TOKEN_EXPIRED,), CloseCode.TOKEN_EXPIRED)


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (None, FAILED),
        ("", FAILED),
        ("nonsense", FAILED),
        (jwt.encode({"sub": "alice"}, "another secret, which nobody uses here"), FAILED),
        (jwt.encode({"sub": "bob"}, SECRET), FAILED),
        (jwt.encode({"user": "alice"}, SECRET), FAILED),
        (unsigned(sub="alice"), FAILED),
        (jwt.encode({"sub": "alice", "exp": int(time.time()) - 60}, SECRET), EXPIRED),
    ],
    ids=["missing", "empty", "nonsense", "forged", "another's", "no sub", "alg none", "expired"],
)
async def test_a_token_that_does_not_prove_the_user(token: str | None, expected: Refusal) -> None:
    async with still_serving(auth_secret=SECRET) as node, client(node) as bad:
        await bad.say("connect", user="alice", token=token)
        await check(node, bad, expected)


async def test_a_good_token() -> None:
    async with still_serving(auth_secret=SECRET) as node, client(node) as good:
        token = jwt.encode({"sub": "alice", "exp": int(time.time()) + 60}, SECRET)
        await good.enter("alice", token=token)


def batch(*layout: object) -> bytes:
    """Return anything as MessagePack."""
    return msgspec.msgpack.encode(layout)


@pytest.mark.parametrize("rubbish", ["bytes", "nothing", "another version", "unequal", "payloads"])
async def test_rubbish_on_the_bus(rubbish: str) -> None:
    async with running(count=2) as [node, other], client(node, "bob") as bob:
        epoch = node.backends.inbox.epoch
        node.backends.bus.publish(
            {
                "bytes": b"\xc1\x00rubbish" * 100,
                "nothing": b"",
                "another version": batch(2, "n", epoch, ["bob"], [1], [b"{}"]),
                "unequal": batch(1, "n", epoch, ["bob", "bob"], [1], [b"{}"]),
                "payloads": batch(1, "n", epoch, ["bob"], [1], "text"),
            }[rubbish],
            None,
        )

        async def counted() -> bool:
            return await metric(node, "bad_batches_total") == 1.0

        await eventually(counted)
        async with client(other, "alice") as alice:
            await alice.say("send", id="s-1", to="bob", body="all is well")
            assert (await bob.hear())["body"] == "all is well"


async def test_an_offset_on_the_bus_that_nobody_has() -> None:
    async with running(count=2) as [node, other], client(node, "bob") as bob:
        items = [Item("bob", 2**62, b'{"type":"message"}')]
        node.backends.bus.publish(encode_batch("n", node.backends.inbox.epoch, items), None)
        async with client(other, "alice") as alice:
            await alice.say("send", id="s-1", to="bob", body="all is well")
            assert (await bob.hear())["body"] == "all is well"
