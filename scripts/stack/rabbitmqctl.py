"""`scripts/rabbitmqctl`: the broker's own tool, told where the broker of this checkout is.

That broker has a name, a cookie and a port mapper of its own, so a bare `rabbitmqctl` finds none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from scripts.stack import compose, services
from scripts.stack.catalog import Wanted
from scripts.stack.errors import StackError
from scripts.stack.instance import Instance
from scripts.stack.say import complain
from scripts.stack.service_rabbitmq import RABBITMQ, rabbitmq_environ, rabbitmq_program

_NAME = "rabbitmqctl"


def command(environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the command line and the environment of the tool.

    Raises:
        StackError: no broker was started from here, or several and none is named.
    """
    broker = _broker(environ)
    folder = services.FOLDER / broker.key
    if Instance(RABBITMQ, folder, broker.port).processes():
        program = rabbitmq_program(_NAME)
        if program is None:
            raise StackError(f"{_NAME} is missing", "install Debian's rabbitmq-server")
        return [program], {**environ, **rabbitmq_environ(folder, broker.port)}
    return compose.inside(broker, _NAME), {**environ, RABBITMQ.port_variable: str(broker.port)}


def _broker(environ: Mapping[str, str]) -> Wanted:
    found = services.started_here([RABBITMQ.name])
    named = environ.get(RABBITMQ.port_variable)
    found = [each for each in found if not named or named == str(each.port)]
    if not found:
        raise StackError("no RabbitMQ was started from here", "scripts/services up rabbitmq")
    if len(found) > 1:
        ports = ", ".join(str(each.port) for each in found)
        raise StackError(f"several were started, on ports {ports}", "set IM_AMQP_PORT to one")
    return found[0]


def main(words: Sequence[str]) -> int:
    """Become the tool; return 1, with one line that says why, if that can't be."""
    try:
        program, environ = command(os.environ)
    except StackError as error:
        complain(f"scripts/rabbitmqctl: {error}")
        return 1
    os.execvpe(program[0], [*program, *words], environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
