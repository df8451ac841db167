"""The Python SDK does what the vectors say; the browser SDK runs the same ones."""

import asyncio
import json
from itertools import islice
from typing import Any

import msgspec
import pytest
from aiohttp import web

import client_sdk
from balancer.failures import FailureMemory
from client_sdk.address import split_nodes
from client_sdk.channel import read_frame
from client_sdk.faults import Unreachable, parse_retry_after
from client_sdk.inflow import Position
from client_sdk.message import decode_body
from client_sdk.outbox import Entry, Outbox
from client_sdk.pacing import Pacing
from client_sdk.receiver import Receiver
from client_sdk.resolver_balancer import BalancerResolver
from client_sdk.sender import Sender
from cluster import frames
from cluster.backoff import equal_jitter, full_jitter
from cluster.codes import may_reconnect
from cluster.errors import InvalidAddress, InvalidFrame, InvalidName
from cluster.names import check_name
from tests.client_sdk.balancer_stub import BalancerStub
from tests.client_sdk.vectors import Case, cases

KINDS: dict[str, type[frames.ClientFrame]] = {
    "connect": frames.Connect,
    "send": frames.Send,
    "ack": frames.Ack,
    "presence": frames.AskPresence,
    "ping": frames.Ping,
}


def fields(frame: frames.NodeFrame) -> dict[str, Any]:
    """Return every field of a frame by its name on the wire."""
    found: dict[str, Any] = {"type": frame.__struct_config__.tag}
    for field in msgspec.structs.fields(frame):
        value = getattr(frame, field.name)
        if isinstance(value, msgspec.Raw):
            value = decode_body(value)
        found[field.encode_name] = list(value) if isinstance(value, tuple) else value
    return found


@pytest.mark.parametrize("case", cases("frames_from_node", "valid"))
def test_frames_of_a_node(case: Case) -> None:
    frame = read_frame(case["text"])
    assert frame is not None
    assert fields(frame) == case["frame"]


@pytest.mark.parametrize("case", cases("frames_from_node", "ignored"))
def test_frames_of_a_newer_node(case: Case) -> None:
    assert read_frame(case["text"]) is None


@pytest.mark.parametrize("case", cases("frames_from_node", "refused"))
def test_what_is_no_frame_of_a_node(case: Case) -> None:
    text = case["text"]
    with pytest.raises(InvalidFrame) as caught:
        read_frame(text.encode() if case.get("binary") else text)
    assert caught.value.code == case["code"]


@pytest.mark.parametrize("case", cases("frames_from_client", "valid"))
def test_frames_of_a_client(case: Case) -> None:
    values = dict(case["of"])
    if "body" in values:
        values["body"] = msgspec.Raw(values["body"].encode())
    written = frames.encode(KINDS[case["kind"]](**values))
    meant = frames.decode_client_frame(msgspec.json.encode(case["frame"]))
    read = frames.decode_client_frame(written)
    assert fields_of(read) == fields_of(meant)


def fields_of(frame: frames.AnyClientFrame) -> dict[str, object]:
    """Return what a frame says, whether its defaults were written or left out."""
    fields = msgspec.structs.asdict(frame)
    if "body" in fields:
        fields["body"] = msgspec.json.decode(fields["body"])
    return fields


@pytest.mark.parametrize("case", cases("frames_from_client", "refused"))
def test_what_is_no_frame_of_a_client(case: Case) -> None:
    with pytest.raises(InvalidFrame) as caught:
        frames.decode_client_frame(case["text"].encode())
    assert (caught.value.code, caught.value.id) == (case["code"], case["id"])


def body_of(case: Case) -> object:
    """Return a body that stands there as JSON, or that a rule makes."""
    if "repeat" in case:
        return str(case["repeat"]["of"]) * int(case["repeat"]["times"])
    if "levels" in case:
        nested = list[object]()
        for _ in range(case["levels"] - 1):
            nested = [nested]
        return nested
    return json.loads(case["body"])  # msgspec would refuse the lone surrogates


@pytest.mark.parametrize("case", cases("sends", "calls"))
async def test_calls_of_send(case: Case) -> None:
    sender = Sender(
        "0123456789abcdef", window=1, max_size=case.get("max_size", 65536), wake=lambda: None
    )
    options = {"durable": case.get("durable", True), "receipt": case.get("receipt", False)}
    to, body = case.get("to", "al"), body_of(case)
    call = asyncio.create_task(sender.send(to, body, **options, timeout=5.0))
    await asyncio.sleep(0)
    if case["refused"] is not None:
        with pytest.raises(getattr(client_sdk, case["refused"])):
            await call
        return
    written = sender.next_frame()
    assert written is not None
    sent = frames.decode_client_frame(written)
    assert isinstance(sent, frames.Send)
    assert fields_of(sent) == {"id": "0123456789abcdef-1", "to": to, "body": body, **options}
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


@pytest.mark.parametrize("case", cases("close_codes", "codes"))
def test_close_codes(case: Case) -> None:
    assert may_reconnect(case["code"]) is case["again"]


@pytest.mark.parametrize("case", cases("names", "names"))
def test_names(case: Case) -> None:
    if case["usable"]:
        assert check_name("user", case["name"]) == case["name"]
        return
    with pytest.raises(InvalidName):
        check_name("user", case["name"])


@pytest.mark.parametrize("case", cases("addresses", "lists"))
def test_lists_of_nodes(case: Case) -> None:
    assert split_nodes(case["address"]) == case["urls"]


@pytest.mark.parametrize("case", cases("addresses", "refused"))
def test_what_is_no_list_of_nodes(case: Case) -> None:
    with pytest.raises(InvalidAddress):
        split_nodes(case["address"])


async def ask(body: str) -> list[str]:
    """Return the urls that the SDK reads out of a balancer's answer."""
    stub = await BalancerStub([]).start()
    stub.answer = web.Response(text=body)
    resolver = BalancerResolver(stub.url, policy="round_robin", user="bob")
    try:
        return [candidate.url for candidate in await resolver.candidates(5.0)]
    finally:
        await resolver.close()
        await stub.stop()


@pytest.mark.parametrize("case", cases("balancer", "answers"))
async def test_answers_of_a_balancer(case: Case) -> None:
    assert await ask(case["body"]) == case["urls"]


@pytest.mark.parametrize("case", cases("balancer", "refused"))
async def test_what_is_no_answer_of_a_balancer(case: Case) -> None:
    with pytest.raises(Unreachable, match="not the answer of a balancer"):
        await ask(case["body"])


@pytest.mark.parametrize("case", cases("balancer", "retry_after"))
def test_retry_after(case: Case) -> None:
    assert parse_retry_after(case["header"]) == case["seconds"]


@pytest.mark.parametrize("case", cases("balancer", "failures"))
def test_failures(case: Case) -> None:
    now = 0.0
    memory = FailureMemory(lambda: now)
    for step in case["steps"]:
        now = step["time"]
        if "failed" in step:
            memory.failed(step["failed"])
        elif "succeeded" in step:
            memory.succeeded(step["succeeded"])
        else:
            out = memory.ejected("abcd")
            assert "".join(sorted("abcd", key=lambda node: node in out)) == step["order"]


@pytest.mark.parametrize("case", cases("backoff", "pacing"))
def test_pacing(case: Case) -> None:
    pacing = Pacing(lambda low, high: float(low + (high - low) * case["at"]))
    for step in case["steps"]:
        if "lost_after" in step:
            wait = pacing.after_loss(step["lost_after"])
        else:
            wait = pacing.after_failure(step["retry_after"])
        assert wait == pytest.approx(step["wait"])


@pytest.mark.parametrize("case", cases("backoff", "delays"))
def test_delays(case: Case) -> None:
    jitter = {"full": full_jitter, "equal": equal_jitter}[case["jitter"]]
    delays = jitter(
        case["base"], case["cap"], uniform=lambda low, high: float(low + (high - low) * case["at"])
    )
    assert list(islice(delays, len(case["waits"]))) == pytest.approx(case["waits"])


class InboxScript:
    """A receiver, and what a script does with it."""

    def __init__(self, window: int) -> None:
        self.now = 0.0
        self.resumes = 0
        self.receiver = Receiver(
            Position(), window=window, wake=lambda: None, resume=self._resume, clock=self._clock
        )

    def _resume(self) -> None:
        self.resumes += 1

    def _clock(self) -> float:
        return self.now

    async def step(self, step: Case) -> object:
        """Do one step; return what it gives."""
        receiver = self.receiver
        match step:
            case {"connected": answer}:
                asked = Position(*step["asked"]) if "asked" in step else receiver.position
                receiver.resumed(asked, connected(answer))
            case {"again": answer}:
                return receiver.restarted(connected(answer))
            case {"message": offset}:
                body = msgspec.Raw(b"null")
                return receiver.arrived(
                    frames.Message(offset=offset, sender="al", id="s-1", time=0.0, body=body)
                )
            case {"take": _}:
                return await self._take()
            case {"handled": _}:
                receiver.handled()
            case {"ack": _}:
                return self._ack()
            case {"wait": seconds}:
                self.now += seconds
            case _:
                return self._look(next(iter(step)))
        return None

    async def _take(self) -> object:
        try:
            async with asyncio.timeout(0):
                message = await self.receiver.get()
        except TimeoutError:
            return None
        return "passing" if message.offset is None else message.offset

    def _ack(self) -> object:
        if self.receiver.ack_wait() != 0.0:
            return None
        ack = self.receiver.next_ack()
        assert ack is not None
        return msgspec.json.decode(ack)["offset"]

    def _look(self, what: str) -> object:
        return {
            "position": list(self.receiver.position),
            "taken": list(self.receiver.taken),
            "recovered": self.receiver.recovered,
            "resumes": self.resumes,
        }[what]


def connected(answer: Case) -> frames.Connected:
    return frames.Connected(channel="c", node="n", heartbeat=25.0, **answer)


@pytest.mark.parametrize("case", cases("inbox", "scripts"))
async def test_inbox(case: Case) -> None:
    script = InboxScript(case["window"])
    for number, step in enumerate(case["steps"]):
        gives = await script.step(step)
        if not {"connected", "handled", "wait"} & step.keys():
            expected = step.get("gives", next(iter(step.values())))
            assert gives == expected, f"step {number}: {step}"


def taken(outbox: Outbox) -> list[int]:
    numbers = []
    while (entry := outbox.take()) is not None:
        numbers.append(entry.number)
    return numbers


def outbox_step(outbox: Outbox, entries: list[Entry], step: Case) -> object:
    """Do one step of a script; return what it gives."""
    match step:
        case {"add": count}:
            durable = step.get("durable", True)
            entries.extend(outbox.add(b"", durable=durable) for _ in range(count))
        case {"take": _}:
            return taken(outbox)
        case {"settle": number}:
            outbox.settle(send_id(number))
        case {"postpone": number}:
            return outbox.postpone(send_id(number))
        case {"release": _}:
            outbox.release()
        case {"withdraw": number}:
            outbox.withdraw(entries[number - 1])
        case {"rewind": _}:
            outbox.rewind()
        case {"blocked": _}:
            return outbox.blocked
        case {"size": _}:
            return len(outbox)
        case _:
            raise AssertionError(f"no such step: {step}")
    return None


def send_id(number: int | str) -> str:
    """Return the id of a number; a string stands for itself."""
    return number if isinstance(number, str) else f"s-{number}"


@pytest.mark.parametrize("case", cases("outbox", "scripts"))
def test_outbox(case: Case) -> None:
    outbox, entries = Outbox("s"), list[Entry]()
    for number, step in enumerate(case["steps"]):
        gives = outbox_step(outbox, entries, step)
        if {"take", "postpone", "blocked", "size"} & step.keys():
            expected = step.get("gives", next(iter(step.values())))
            assert gives == expected, f"step {number}: {step}"
