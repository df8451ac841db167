"""The channel: frames in, calls out; what it answers, refuses, holds back and lets go."""

from __future__ import annotations

import pytest

from cluster.codes import CloseCode, ErrorCode
from cluster.frames import Move
from server.batch import NOT_STORED
from server.channel import MAX_UNANSWERED
from server.resend_order import MAX_SESSIONS
from tests.server.lines import Line, message


async def test_an_open_socket_and_its_end_are_reported() -> None:
    line = Line(connected=False)
    line.peer.hang_up()
    assert line.node.states == ["opened", "ended 1006"]
    assert not line.channel.open
    assert line.channel.heard == 7.0


async def test_connect_is_passed_on_once() -> None:
    line = Line(connected=False)
    line.peer.say("connect", user="alice", device="phone", offset=3)
    line.peer.say("connect", user="mallory")
    assert [frame.user for frame in line.node.frames] == ["alice"]
    assert line.codes() == ["already_connected"]


async def test_a_send_becomes_an_envelope() -> None:
    line = Line()
    line.peer.text(b'{"type":"send","id":"s-12","to":"bob","body":{ "n": 1.50 }}')
    [envelope] = line.node.envelopes
    assert (envelope.recipient, envelope.sender) == ("bob", "alice")
    assert (envelope.session, envelope.number, envelope.durable) == ("s", 12, True)
    # The body is left as it was written; the time is cut to milliseconds.
    expected = b'"from":"alice","id":"s-12","time":1700000000.123,"body":{ "n": 1.50 }}'
    assert envelope.tail == expected
    line.channel.sent(envelope, 58)
    line.channel.sent(envelope, None)
    assert line.heard() == [
        {"type": "sent", "id": "s-12", "offset": 58},
        {"type": "sent", "id": "s-12"},
    ]


@pytest.mark.parametrize(
    ("frame", "code", "id"),
    [
        (b"nonsense", ErrorCode.BAD_JSON, None),
        (b'{"type":"send"}', ErrorCode.BAD_FRAME, None),
        (b'{"type":"send","id":"s-1","to":7,"body":1}', ErrorCode.BAD_FRAME, "s-1"),
        (b'{"type":"sent","id":"s-1"}', ErrorCode.UNKNOWN_TYPE, "s-1"),
        (b'{"type":"send","id":"s","to":"bob","body":1}', ErrorCode.BAD_ID, "s"),
        (b'{"type":"send","id":"s-1","to":"","body":1}', ErrorCode.BAD_NAME, "s-1"),
        (b'{"type":"send","id":"s-1","to":"{b}","body":1}', ErrorCode.BAD_NAME, "s-1"),
        (b'{"type":"ack","offset":-1}', ErrorCode.BAD_FRAME, None),
    ],
)
async def test_a_bad_frame_is_refused_and_counted(
    frame: bytes, code: ErrorCode, id: str | None
) -> None:
    line = Line()
    line.peer.text(frame)
    [error] = line.heard()
    assert (error["type"], error["code"], error.get("id")) == ("error", code, id)
    assert "temporary" not in error
    assert line.stats.refused == {code: 1}
    assert line.node.envelopes == []


@pytest.mark.parametrize(
    "frame",
    [
        b'{"type":"send","id":"s-1","to":"bob","body":1}',
        b'{"type":"ack","offset":1}',
    ],
)
async def test_nothing_counts_before_connect(frame: bytes) -> None:
    line = Line(connected=False)
    line.peer.text(frame)
    assert line.codes() == ["not_connected"]
    assert line.node.envelopes == []
    assert line.node.acks == []


async def test_the_third_unreadable_frame_closes() -> None:
    line = Line()
    line.peer.text(b"1")
    line.peer.binary(b"{}")
    assert line.peer.close_code is None
    line.peer.text(b"3")
    assert line.codes() == ["bad_frame", "not_text", "bad_frame"]
    assert line.peer.close_code == CloseCode.TOO_MANY_BAD_FRAMES


async def test_mistakes_in_good_faith_do_not_close() -> None:
    line = Line()
    for _ in range(10):
        line.peer.say("send", id="s", to="bob", body=1)
    assert line.codes() == ["bad_id"] * 10
    assert line.peer.close_code is None


async def test_a_ping_is_answered_even_before_connect() -> None:
    line = Line(connected=False)
    line.peer.say("ping")
    assert line.heard() == [{"type": "pong"}]


async def test_refusing_says_why_and_closes() -> None:
    line = Line(connected=False)
    line.channel.refuse(ErrorCode.TOKEN_EXPIRED, "too old", CloseCode.TOKEN_EXPIRED)
    assert line.heard() == [{"type": "error", "code": "token_expired", "reason": "too old"}]
    assert line.peer.close_code == CloseCode.TOKEN_EXPIRED
    assert line.stats.refused == {"token_expired": 1}


async def test_messages_go_out_once_and_in_order() -> None:
    line = Line()
    for offset in (1, 1, 3, 2, 3):
        line.channel.deliver(offset, message(offset))
    assert [frame["offset"] for frame in line.heard()] == [1, 2, 3]
    assert line.stats.delivered == 3
    assert line.node.lacking == 1


async def test_an_offset_that_is_only_known_is_asked_for() -> None:
    line = Line()
    line.channel.note(1)
    assert line.node.lacking == 1
    line.channel.note(0)
    assert line.node.lacking == 2, "it still lacks offset 1"


async def test_what_is_not_stored_passes_beside_the_order() -> None:
    line = Line()
    line.channel.note(5)
    line.channel.deliver(NOT_STORED, message(0))
    assert len(line.heard()) == 1


async def test_nothing_passes_before_the_client_is_connected() -> None:
    line = Line(connected=False)
    line.channel.deliver(1, message(1))
    line.channel.deliver(NOT_STORED, message(0))
    assert line.heard() == []


async def test_an_ack_beyond_what_was_delivered_is_ignored() -> None:
    """It counts in an epoch that is over, or is a mistake: it must not drop what is unread."""
    line = Line()
    line.channel.deliver(1, message(1))
    line.peer.say("ack", offset=500)
    assert line.node.acks == []
    line.peer.say("ack", offset=1)
    assert line.node.acks == [1]


async def test_a_temporary_error_says_so_and_names_the_message() -> None:
    line = Line()
    line.send("s-1")
    line.channel.failed(line.node.envelopes[0], "away")
    expected = {"type": "error", "id": "s-1", "code": "unavailable", "reason": "away"}
    assert line.heard() == [expected | {"temporary": True}]


async def test_what_would_overtake_is_told_to_wait() -> None:
    line = Line()
    line.send("s-2")
    line.channel.out_of_order(line.node.envelopes[0])
    [error] = line.heard()
    assert (error["code"], error["id"], error["temporary"]) == ("out_of_order", "s-2", True)


async def test_what_the_store_refuses_is_not_to_be_sent_again() -> None:
    line = Line()
    line.send("s-2")
    line.channel.rejected(line.node.envelopes[0], "no")
    [error] = line.heard()
    assert (error["code"], error["id"], error["reason"]) == ("store_refused", "s-2", "no")
    assert "temporary" not in error


async def test_a_question_for_presence_is_passed_on() -> None:
    line = Line()
    line.peer.say("presence", user="bob")
    line.peer.say("presence", user="{bob}")
    assert line.node.asked == ["bob"]
    assert line.codes() == ["bad_name"]


async def test_more_waiting_sessions_than_can_be_remembered_end_the_channel() -> None:
    line = Line()
    for number in range(MAX_SESSIONS + 1):
        line.send(f"s{number}-1")
        line.channel.failed(line.node.envelopes[-1], "away")
    assert line.peer.close_code == CloseCode.UNAVAILABLE


async def test_a_sender_with_too_much_unanswered_is_not_read() -> None:
    line = Line()
    for number in range(1, MAX_UNANSWERED + 1):
        line.send(f"s-{number}")
    assert line.is_read()
    line.send(f"s-{MAX_UNANSWERED + 1}")
    assert not line.is_read()
    for _ in range(MAX_UNANSWERED // 2):
        line.channel.done()
    assert not line.is_read()
    line.channel.done()
    assert line.is_read()


async def test_a_sender_that_outruns_the_store_is_not_read() -> None:
    line = Line()
    line.node.roomy = False
    line.send("s-1")
    assert not line.is_read()
    line.channel.resume()
    assert line.is_read()


async def test_a_client_that_does_not_read_gets_and_sends_nothing_more() -> None:
    line = Line(max_buffer_bytes=1000)
    line.channel.deliver(1, message(1) + b" " * 2000)
    line.channel.flush()
    assert line.node.states[-1] == "not writable"
    assert not line.is_read()
    line.channel.deliver(2, message(2))
    line.channel.deliver(NOT_STORED, message(0))
    line.channel.flush()
    assert len(line.peer.tcp.unsent) < 3000
    line.channel.resume()
    assert not line.is_read()

    lacking = line.node.lacking
    line.peer.tcp.take()
    assert line.node.states[-1] == "writable"
    assert line.is_read()
    assert line.node.lacking == lacking + 1, "offset 2 has to come from the inbox"


async def test_a_burst_stops_at_the_limit_and_not_at_its_end() -> None:
    """Back-pressure has to be felt within one turn of the event loop, too."""
    line = Line(max_buffer_bytes=100_000)
    payload = b"x" * 60_000
    for offset in range(1, 101):
        line.channel.deliver(offset, payload)
    line.channel.flush()
    assert len(line.peer.tcp.unsent) < 300_000
    assert line.channel.sequence.missing


async def test_frames_of_one_turn_go_out_in_one_write() -> None:
    line = Line()
    line.channel.tell(Move(within=3.0))
    line.channel.deliver(1, message(1))
    line.channel.deliver(2, message(2))
    assert len(line.node.dirty) == 1
    assert [frame["type"] for frame in line.heard()] == ["move", "message", "message"]


async def test_closing_lets_what_was_pushed_go_first() -> None:
    line = Line()
    line.channel.deliver(1, message(1))
    line.channel.close(CloseCode.NODE_STOPPING, "bye")
    assert len(line.peer.messages()) == 1
    assert line.peer.close_code == CloseCode.NODE_STOPPING
    line.peer.hang_up()
    assert line.node.states[-1] == "ended 4000"


async def test_a_cut_channel_ends_with_the_code_that_tells_why() -> None:
    line = Line()
    line.channel.abort(CloseCode.TOO_SLOW)
    assert line.peer.tcp.aborted
    line.peer.hang_up()
    assert line.node.states[-1] == "ended 4005"
    assert line.channel.peer == "?"
