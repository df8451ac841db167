"""The file that nginx includes: replaced as a whole, and put back as it was. It blocks."""

import stat
from pathlib import Path

from cluster.snapshot_file import write_file

# Who may read a file that was not there before: nginx's configuration is no secret.
_MODE = 0o644


class IncludedFile:
    """One such file. Whoever reads it finds the last text or the one before, never a part.

    Beside it an empty file `.NAME.unread` says that nginx may not have read it. It outlives this
    program, which would otherwise take a file for done that it had written before it was killed.
    """

    def __init__(self, path: Path) -> None:
        """Name it; where it is a link, what that leads to is meant."""
        self._path = path

    def read(self) -> str | None:
        """Return what it holds; None if there is no such file.

        Raises:
            OSError: it cannot be read.
        """
        try:
            # Byte for byte, whatever somebody else has put there.
            return self._path.read_bytes().decode(errors="surrogateescape")
        except FileNotFoundError:
            return None

    def write(self, text: str) -> None:
        """Replace it; its mode stays.

        Raises:
            OSError: it cannot be written; it is as it was.
        """
        path = self._path.resolve()
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            mode = _MODE
        write_file(path, text.encode(errors="surrogateescape"), mode)

    def put_back(self, text: str | None) -> None:
        """Replace it by what `read` returned before.

        Raises:
            OSError: it cannot be written.
        """
        if text is None:
            self._path.unlink(missing_ok=True)
        else:
            self.write(text)

    @property
    def unread(self) -> bool:
        """Whether `will_change` was called, in this run or an earlier one, and `was_read` not."""
        return self._mark.exists()

    def will_change(self) -> None:
        """Note that nginx has to read it, once it is written.

        Raises:
            OSError: nothing can be written there.
        """
        self._mark.touch()

    def was_read(self) -> None:
        """Note that nginx has read it as it is.

        Raises:
            OSError: nothing can be removed there.
        """
        self._mark.unlink(missing_ok=True)

    @property
    def _mark(self) -> Path:
        path = self._path.resolve()
        return path.with_name(f".{path.name}.unread")
