"""One call of `send`: the confirmation first, then the receipt."""

import asyncio

import pytest

from client_sdk.call import Call
from client_sdk.errors import ClientClosed
from client_sdk.outbox import Outbox


def soon() -> float:
    return asyncio.get_running_loop().time() + 0.01


async def test_without_a_receipt() -> None:
    call = Call(receipt=False)
    call.stored(7)
    call.stored(8)
    call.received("delivered")
    assert not call.wants_receipt
    assert (await call.offset(), await call.receipt(soon())) == (7, None)


async def test_with_a_receipt() -> None:
    call = Call(receipt=True)
    call.lost()  # nothing is stored yet: a later channel may bring it
    call.stored(None)
    call.received("delivered")
    call.received("stored")
    assert call.wants_receipt
    assert (await call.offset(), await call.receipt(soon())) == (None, "delivered")


async def test_a_receipt_that_does_not_come() -> None:
    call = Call(receipt=True)
    call.stored(7)
    assert await call.receipt(soon()) == "stored"


async def test_a_receipt_that_cannot_come() -> None:
    call = Call(receipt=True)
    call.stored(7)
    call.lost()
    assert await call.receipt(soon()) == "stored"


async def test_a_failure_before_and_after_the_confirmation() -> None:
    early, late = Call(receipt=True), Call(receipt=True)
    late.stored(7)
    for call in (early, late):
        call.fail(ClientClosed())
    with pytest.raises(ClientClosed):
        await early.offset()
    assert (await late.offset(), await late.receipt(soon())) == (7, "stored")


async def test_its_id_counts_once_it_is_written() -> None:
    call, outbox = Call(receipt=False), Outbox("s")
    assert call.written_id is None
    call.entry = outbox.add(b"", durable=True)
    assert call.written_id is None
    outbox.take()
    assert call.written_id == "s-1"
