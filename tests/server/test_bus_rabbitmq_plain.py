"""Plain frames: what is read and what is written is what pika would have read and written."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties, spec
from pika.frame import Body, Header, Heartbeat, Method, decode_frame

from server.bus_rabbitmq_plain import fits, publish_frames, take_confirms, take_deliveries

NAMES = st.text("ab.é", max_size=20)
NUMBERS = st.integers(1, 2**63)
BODIES = st.binary(max_size=300)
PROPERTIES = st.sampled_from(
    [{"delivery_mode": 1}, {"delivery_mode": 2}, {"delivery_mode": 1, "type": "pulse"}, {}]
)


@dataclass(frozen=True)
class Delivery:
    """A message that comes in, in one or more frames."""

    channel: int
    consumer: str
    number: int
    redelivered: bool
    exchange: str
    key: str
    properties: dict[str, Any]
    body: bytes
    cut: int

    def frames(self) -> bytes:
        method = spec.Basic.Deliver(
            self.consumer, self.number, self.redelivered, self.exchange, self.key
        )
        header = Header(self.channel, len(self.body), BasicProperties(**self.properties))
        parts = [part for part in (self.body[: self.cut], self.body[self.cut :]) if part]
        bodies = [Body(self.channel, part).marshal() for part in parts]
        return bytes(Method(self.channel, method).marshal() + header.marshal() + b"".join(bodies))


DELIVERIES = st.builds(
    Delivery,
    st.sampled_from([1, 1, 1, 2]),
    NAMES,
    NUMBERS,
    st.booleans(),
    NAMES,
    NAMES,
    PROPERTIES,
    BODIES,
    st.sampled_from([0, 0, 0, 10]),
).map(Delivery.frames)
ACKS = st.builds(
    lambda channel, number, multiple: Method(channel, spec.Basic.Ack(number, multiple)).marshal(),
    st.sampled_from([1, 1, 1, 2]),
    NUMBERS,
    st.booleans(),
)
NACKS = st.builds(lambda number: Method(1, spec.Basic.Nack(number)).marshal(), NUMBERS)
HEARTBEATS = st.just(Heartbeat().marshal())
STREAMS = st.lists(DELIVERIES | ACKS | NACKS | HEARTBEATS, max_size=8).map(b"".join)


@dataclass
class Reader:
    """Reads frames by pika, and notes what channel 1 is told."""

    deliveries: list[tuple[int, bytes]] = field(default_factory=list)
    confirms: list[tuple[int, bool]] = field(default_factory=list)
    # What a delivery that has begun lacks: its channel and number, then its size and what has come.
    begun: tuple[int, int] | None = None
    size: int = 0
    body: bytes = b""

    def read(self, data: bytes) -> None:
        while True:
            taken, frame = decode_frame(data)
            if frame is None:
                return
            data = data[taken:]
            if isinstance(frame, Method):
                self.method(frame)
            elif isinstance(frame, Header):
                self.size, self.body = frame.body_size, b""
                self.finish()
            elif isinstance(frame, Body):
                self.body += frame.fragment
                self.finish()

    def method(self, frame: Any) -> None:
        if isinstance(frame.method, spec.Basic.Deliver):
            self.begun = (frame.channel_number, frame.method.delivery_tag)
        elif isinstance(frame.method, spec.Basic.Ack) and frame.channel_number == 1:
            self.confirms.append((frame.method.delivery_tag, frame.method.multiple))

    def finish(self) -> None:
        if self.begun and len(self.body) == self.size:
            channel, number = self.begun
            if channel == 1:
                self.deliveries.append((number, self.body))
            self.begun, self.size, self.body = None, 0, b""


@given(STREAMS, st.integers(0, 2000))
def test_taken_and_left_make_what_pika_reads(stream: bytes, end: int) -> None:
    data = stream[:end]
    whole, after_deliveries, after_confirms = Reader(), Reader(), Reader()
    whole.read(data)

    def deliver(number: int, body: bytes) -> None:
        after_deliveries.deliveries.append((number, body))

    def confirmed(number: int, up_to: bool) -> None:
        after_confirms.confirms.append((number, up_to))

    after_deliveries.read(data[take_deliveries(data, 1, deliver) :])
    after_confirms.read(data[take_confirms(data, 1, confirmed) :])
    assert after_deliveries == whole
    assert after_confirms == whole


def batch(number: int, body: bytes) -> bytes:
    """Return a delivery as a bus gets it."""
    plain = {"delivery_mode": 1}
    return Delivery(1, "ctag1.x", number, False, "im.fanout", "", plain, body, 0).frames()


def test_batches_are_taken_up_to_what_is_not_whole() -> None:
    taken: list[tuple[int, bytes]] = []
    data = batch(7, b"one") + batch(8, b"two") + batch(9, b"three")
    size = take_deliveries(data[:-1], 1, lambda *delivery: taken.append(delivery))
    assert taken == [(7, b"one"), (8, b"two")]
    assert data[size:] == batch(9, b"three")


def test_confirms_are_taken_up_to_something_else() -> None:
    taken: list[tuple[int, bool]] = []
    confirms = [
        Method(1, spec.Basic.Ack(number, multiple)).marshal()
        for number, multiple in ((3, True), (4, False))
    ]
    data = b"".join(confirms) + batch(1, b"x")
    assert take_confirms(data, 1, lambda *told: taken.append(told)) == len(b"".join(confirms))
    assert taken == [(3, True), (4, False)]


@given(st.integers(1, 100), NAMES, NAMES, st.binary(min_size=1, max_size=300))
def test_a_publish_is_what_pika_would_have_written(
    channel: int, exchange: str, key: str, body: bytes
) -> None:
    method = Method(channel, spec.Basic.Publish(exchange=exchange, routing_key=key))
    header = Header(channel, len(body), BasicProperties(delivery_mode=1))
    written = method.marshal() + header.marshal() + Body(channel, body).marshal()
    assert publish_frames(channel, exchange, key, body) == written


def test_what_fits_into_a_frame() -> None:
    assert not fits(b"", 100)
    assert fits(bytes(92), 100)
    assert len(Body(1, bytes(92)).marshal()) == 100
    assert not fits(bytes(93), 100)
