"""Why a connection to RabbitMQ failed, in words that help; it may not raise."""

from pika.adapters.utils.connection_workflow import (
    AMQPConnectionWorkflowFailed,
    AMQPConnectorPhaseErrorBase,
)
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

_LOST_WHILE_OPENING = "the connection was lost while it opened"

# What pika found out, and what that means to a person.
_MEANINGS: tuple[tuple[type[BaseException], str], ...] = (
    (StreamLostError, "the connection was lost"),
    (IncompatibleProtocolError, "what answers there does not speak AMQP 0-9-1, or it is starting"),
    (AMQPHeartbeatTimeout, "no heartbeat was heard"),
    (ConnectionBlockedTimeout, "it kept publishers blocked: see its memory and disk alarms"),
    (ProbableAuthenticationError, "it refuses this user or password"),
    (ProbableAccessDeniedError, "it refuses this virtual host to this user"),
)


def reason_of(error: BaseException) -> str:
    """Return what happened, from whatever pika wrapped it in."""
    cause = _innermost(error)
    if _is_guess(cause):
        return _LOST_WHILE_OPENING
    for kind, meaning in _MEANINGS:
        if isinstance(cause, kind):
            return meaning
    if isinstance(cause, ChannelClosed | ConnectionClosed):
        return f"{cause.reply_text} ({cause.reply_code})"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause) or type(cause).__name__


def _is_guess(error: BaseException) -> bool:
    """Tell whether pika calls it a refusal only because the connection broke at that moment."""
    refusals = (ProbableAuthenticationError, ProbableAccessDeniedError)
    return isinstance(error, refusals) and "ConnectionClosedByBroker" not in str(error)


def _innermost(error: BaseException) -> BaseException:
    """Unwrap the errors that say only that some step failed."""
    while True:
        inner: object = error.args[0] if error.args else None
        if isinstance(error, AMQPConnectionWorkflowFailed):
            inner = error.exceptions[-1] if error.exceptions else None
        elif isinstance(error, AMQPConnectorPhaseErrorBase):
            inner = error.exception
        if not isinstance(inner, BaseException):
            return error
        error = inner
