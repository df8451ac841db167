"""Bytes in a file, replaced as a whole. It knows nothing of what they mean, and it blocks.

Whoever reads the file finds what was written last or what was there before, never a part, whenever
the process or the machine ended. Several may write the same file: the last one counts.
"""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from cluster.errors import InvalidCache


def read_file(path: Path, max_bytes: int) -> bytes | None:
    """Return what a file holds; None if there is none.

    Args:
        path: of the file.
        max_bytes: how many it may hold.

    Raises:
        InvalidCache: it is larger, or no file: a folder or a pipe, for example.
        OSError: it cannot be read.
    """
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would never end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InvalidCache("it is no regular file")
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise InvalidCache(f"it is larger than {max_bytes} bytes")
    return data


def write_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file, and make the folders on the way to it.

    Unless told otherwise only the owner may read and write it: it tells where the nodes are, and
    whoever could change it could send clients, and their tokens, to a place of his own.

    Args:
        path: of the file.
        data: what it is to hold.
        mode: who may read and write it.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, since only within one file system a rename replaces in one step.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            # Else a power cut can leave the new name with nothing in it.
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
