"""The lines of a chat: what a typed one means, and how a received one is shown. Pure."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

from client_sdk.events import Event, Happening
from client_sdk.message import Message

HELP = (
    "bob: hello      write to bob, and go on with lines that name nobody\n"
    "/to bob         write everything that follows to bob, even `word: text`\n"
    "/to             the end of that\n"
    "/who bob        tell whether bob is connected\n"
    "/help  /quit    or Ctrl-D"
)
_ADDRESSED = re.compile(r"([^\s:/]\S*?):(?:\s+|$)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """What a typed line means.

    Attributes:
        to: who gets `text`, and the next lines that name nobody; empty for nobody.
        fixed: whether those lines are taken as they are, names and colons included.
        text: what to send; empty for nothing.
        hint: what to tell the person who typed; empty for nothing.
        who: the user to ask for, whether connected; empty for nobody.
        leave: whether to end the chat.
    """

    to: str = ""
    fixed: bool = False
    text: str = ""
    hint: str = ""
    who: str = ""
    leave: bool = False


def parse_line(typed: str, before: Line) -> Line:
    """Understand a typed line, given what the line before it meant."""
    text = typed.strip()
    to, fixed = before.to, before.fixed
    command, _, argument = text.partition(" ")
    if command == "/to":
        to = argument.strip()
        return Line(to, bool(to), hint=f"writing to {to}" if to else "writing to nobody")
    if command == "/who" and argument.strip():
        return Line(to, fixed, who=argument.strip())
    if command == "/quit":
        return Line(to, fixed, leave=True)
    if text.startswith("/"):
        return Line(to, fixed, hint=HELP)
    if not fixed and (match := _ADDRESSED.fullmatch(text)):
        return Line(match[1], text=match[2])
    if text and not to:
        return Line(hint="to whom? Begin with a name, as in `bob: hello`, or /help")
    return Line(to, fixed, text)


def printable(text: str) -> str:
    """Return a text that can do nothing to a terminal: no control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def show_message(message: Message, zone: tzinfo | None = None) -> str:
    """Return the line for a received message, its time in `zone` (None: the local one)."""
    body = message.body
    if isinstance(body, dict) and isinstance(body.get("text"), str):
        body = body["text"]
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    moment = datetime.fromtimestamp(message.time, zone)
    return f"{moment:%H:%M:%S} {printable(message.sender)}: {printable(text)}"


def show_presence(user: str, online: bool | None) -> str:
    """Return the line that tells whether a user is connected; None if that can't be told."""
    name = printable(user)
    if online is None:
        return f"* can't tell now whether {name} is connected"
    return f"* {name} is {'' if online else 'not '}connected"


def show_event(event: Event, user: str) -> str:
    """Return the line for an event; empty if it is not worth one."""
    reason, url = printable(event.reason), printable(event.url)
    match event.what:
        case Happening.CONNECTED:
            return f"* {user} is on node {printable(event.node)} at {url}"
        case Happening.DISCONNECTED:
            return f"* lost {url}: {reason} ({event.code}); looking for another node"
        case Happening.MOVING:
            return f"* asked to move to {url or 'another node'}"
        case Happening.RETRYING:
            return f"* no node yet: {reason}"
        case Happening.MESSAGES_LOST:
            return f"* {reason}"
        case Happening.DEGRADED:
            return f"* {reason} away: messages may take a second longer"
        case Happening.RECOVERED:
            return "* all is well again"
        case Happening.REFUSED:
            return f"* refused: {reason}"
        case Happening.ENDED:
            return ""
