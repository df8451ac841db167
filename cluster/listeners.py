"""A list of functions to be called with every new value. It starts no task and knows no thread."""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Listeners(Generic[T]):
    """Who wants to be told of a value that changes."""

    def __init__(self) -> None:
        # By a token of its own, so that the same function can be added twice.
        self._listeners: dict[object, Callable[[T], None]] = {}

    def add(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Have `listener` called from now on; return a function that ends this, safe to repeat."""
        token = object()
        self._listeners[token] = listener

        def remove() -> None:
            self._listeners.pop(token, None)

        return remove

    def tell(self, value: T) -> None:
        """Call every listener in the order in which they were added.

        An error raised by one is logged and does not reach the others, nor the caller: it is not
        the caller who could mend it.
        """
        for token, listener in list(self._listeners.items()):
            if token not in self._listeners:
                continue  # removed by a listener before it
            try:
                listener(value)
            except Exception:
                _log.exception("a listener failed: %r", listener)

    def clear(self) -> None:
        """Forget every listener."""
        self._listeners.clear()
