"""Every close code and error code of the protocol: one table, read by the node, the SDK and docs.

A close code from 4000 to 4499 tells the client to connect again (elsewhere, if it can); one from
4500 to 4999 tells it not to, since the next attempt would end the same way. The codes below 4000
are those of RFC 6455, section 7.4.1.
"""

from enum import IntEnum, StrEnum


class CloseCode(IntEnum):
    """Why a channel was closed. The comment at each says when it is sent."""

    # RFC 6455: the message is not text in UTF-8.
    INVALID_DATA = 1007
    # RFC 6455: the message is larger than the node's --max-message-bytes.
    MESSAGE_TOO_BIG = 1009
    # The node is stopping; every other node can serve the client.
    NODE_STOPPING = 4000
    # Nothing was heard for the heartbeat and its grace.
    HEARTBEAT_MISSED = 4002
    # The client did not send its `connect` frame in time.
    CONNECT_TIMEOUT = 4003
    # The node cannot take the client now, since its store does not answer.
    UNAVAILABLE = 4004
    # The client does not read what it is sent; the rest waits in its inbox.
    TOO_SLOW = 4005
    # The third frame that could not be understood.
    TOO_MANY_BAD_FRAMES = 4500
    # The token is missing, wrong, or not that of the user named.
    AUTHENTICATION_FAILED = 4501
    # The token has expired; a new one is needed before the next attempt.
    TOKEN_EXPIRED = 4502
    # The first frame was no acceptable `connect`, a name that may not be used, for example.
    BAD_CONNECT = 4503


class ErrorCode(StrEnum):
    """What the `code` of an `error` frame says. The comment at each says when it is sent."""

    # The message is not JSON.
    BAD_JSON = "bad_json"
    # The message is JSON, but a field is missing or of the wrong type.
    BAD_FRAME = "bad_frame"
    # `type` names no frame that a client may send.
    UNKNOWN_TYPE = "unknown_type"
    # The message is binary; the protocol knows text only.
    NOT_TEXT = "not_text"
    # Any frame before `connect` was accepted.
    NOT_CONNECTED = "not_connected"
    # A second `connect` on the same channel.
    ALREADY_CONNECTED = "already_connected"
    # `user`, `to` or `device` breaks the rules for names.
    BAD_NAME = "bad_name"
    # `id` is not `<session>-<number>`.
    BAD_ID = "bad_id"
    # The token is missing, wrong, or not that of the user named.
    AUTHENTICATION_FAILED = "authentication_failed"
    # The token has expired.
    TOKEN_EXPIRED = "token_expired"
    # The store does not answer; nothing was stored. Temporary.
    UNAVAILABLE = "unavailable"
    # The store refuses this message, because of what it holds for the recipient; an operator has
    # to look at the node's log.
    STORE_REFUSED = "store_refused"
    # An earlier send of this channel failed and has not been sent again yet. Temporary.
    OUT_OF_ORDER = "out_of_order"


# The errors after which the same frame can succeed later.
TEMPORARY_ERRORS = frozenset({ErrorCode.UNAVAILABLE, ErrorCode.OUT_OF_ORDER})


def may_reconnect(close_code: int) -> bool:
    """Tell whether a client should connect again after a close with this code.

    Codes outside the project's own range, 1006 for a cut connection among them, say nothing
    against it; only a message that is too big or not text would end the same way again.
    """
    if close_code in (CloseCode.INVALID_DATA, CloseCode.MESSAGE_TOO_BIG):
        return False
    return not 4500 <= close_code <= 4999
