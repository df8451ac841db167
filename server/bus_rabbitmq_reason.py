"""Why a connection to RabbitMQ failed, in words that help; it may not raise."""

from pika.exceptions import (
    AMQPHeartbeatTimeout,
    ChannelClosed,
    ConnectionBlockedTimeout,
    ConnectionClosed,
    IncompatibleProtocolError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    StreamLostError,
)

from cluster.os_errors import in_words

# What a broker says to an account; each has a cure of its own.
LOGIN_REFUSED = "it refuses this user or password"
VHOST_REFUSED = "it refuses this virtual host to this user"

_LOST_WHILE_OPENING = "the connection was lost while it opened"

# What pika found out, and what that means to a person.
_MEANINGS: tuple[tuple[type[BaseException], str], ...] = (
    (StreamLostError, "the connection was lost"),
    (IncompatibleProtocolError, "what answers there does not speak AMQP 0-9-1, or it is starting"),
    (AMQPHeartbeatTimeout, "no heartbeat was heard"),
    (ConnectionBlockedTimeout, "it kept publishers blocked: see its memory and disk alarms"),
    (ProbableAuthenticationError, LOGIN_REFUSED),
    (ProbableAccessDeniedError, VHOST_REFUSED),
)


def reason_of(error: BaseException) -> str:
    """Return what happened, from an error of pika's or of the socket's."""
    if _is_guess(error):
        return _LOST_WHILE_OPENING
    for kind, meaning in _MEANINGS:
        if isinstance(error, kind):
            return meaning
    if isinstance(error, ChannelClosed | ConnectionClosed):
        return f"{error.reply_text} ({error.reply_code})"
    return in_words(error)


def _is_guess(error: BaseException) -> bool:
    """Tell whether pika calls it a refusal only because the connection broke at that moment."""
    refusals = (ProbableAuthenticationError, ProbableAccessDeniedError)
    return isinstance(error, refusals) and "ConnectionClosedByBroker" not in str(error)
