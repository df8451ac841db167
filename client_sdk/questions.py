"""The questions whether users are connected, and who waits for their answers.

It writes nothing itself: whoever holds the channel takes frames from it and brings it the answers.
"""

import asyncio
from collections.abc import Callable

from cluster import frames
from cluster.errors import ClusterError
from cluster.names import check_name

_Answer = asyncio.Future[bool | None]


class Questions:
    """The open questions of a client.

    An answer names the user and no question. So only one question for each user is on its way;
    calls that come in the meantime share the next one, since an answer from before a call would
    tell it what may not be true any more.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        """Make an empty list; `wake` is called when `next_frame` has something to return."""
        self._wake = wake
        # Who waits for a question that is yet to be written, by the user it is for.
        self._due: dict[str, list[_Answer]] = {}
        # Who waits for the answer to one that was written on this channel; never an empty list.
        self._asked: dict[str, list[_Answer]] = {}
        # Why nothing can be asked any more; None while it can.
        self._ended: ClusterError | None = None

    async def ask(self, user: str, timeout: float) -> bool | None:
        """Return whether a user is connected; None if the node can't tell, or not in time.

        Raises:
            InvalidName: `user` may not be used as a name.
            ClusterError: the client has ended, for the reason it says.
        """
        check_name("user", user)
        if self._ended is not None:
            raise self._ended.with_traceback(None)
        answer: _Answer = asyncio.get_running_loop().create_future()
        self._due.setdefault(user, []).append(answer)
        self._wake()
        try:
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            return None
        finally:
            _remove(self._due, user, answer)
            _remove(self._asked, user, answer)

    def next_frame(self) -> bytes | None:
        """Return the question to write next; None if there is none now."""
        user = next((user for user in self._due if user not in self._asked), None)
        if user is None:
            return None
        self._asked[user] = self._due.pop(user)
        return frames.encode(frames.AskPresence(user=user))

    def answered(self, frame: frames.Presence) -> None:
        """Take the node's answer."""
        for answer in self._asked.pop(frame.user, ()):
            if not answer.done():
                answer.set_result(frame.online)
        if frame.user in self._due:
            self._wake()

    def rewind(self) -> None:
        """Begin on a new channel: what is not answered is asked again."""
        for user, answers in self._asked.items():
            self._due.setdefault(user, []).extend(answers)
        self._asked.clear()
        self._wake()

    def end(self, error: ClusterError) -> None:
        """Let every `ask`, those that wait and those to come, raise `error`."""
        self._ended = error
        for answers in [*self._due.values(), *self._asked.values()]:
            for answer in answers:
                if not answer.done():
                    answer.set_exception(error)


def _remove(waiting: dict[str, list[_Answer]], user: str, answer: _Answer) -> None:
    answers = waiting.get(user, [])
    if answer in answers:
        answers.remove(answer)
        if not answers:
            del waiting[user]
