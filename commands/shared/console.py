"""Standard output and error that print text from outside as letters, never as control sequences of a terminal.

Titles, file names and names of listeners are other people's text. Control characters, escape sequences and marks that
turn the direction of writing are printed as U+FFFD; letters that the terminal's encoding lacks as question marks, in
JSON as escapes. A reader who stops reading, such as `head`, ends the command quietly. The one exception is data for
other programs, CSV and playlists, in a file or a pipe: it has to come back as it was.
"""

import codecs
import io
import os
import re
import shutil
import sys
from typing import TextIO

# Delete and C1, bidirectional marks, line separators, interlinear marks, lone surrogates and tags; the inside of a
# class of characters in a pattern. Joiners are none of them: scripts and emoji need them.
CONTROLS_BEYOND_C0 = (
    "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
# C0 but for newline, tab and (of progress bars) carriage return.
_UNPRINTABLE = re.compile(f"[\x00-\x08\x0b-\x0c\x0e-\x1f{CONTROLS_BEYOND_C0}]")
_RETURN = re.compile("\r(?!\n)")
REPLACEMENT = "\ufffd"


class OutputError(Exception):
    """The output cannot be written, or its reader has left; not an OSError, for which click would exit with 1."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"The output could not be written: {error.strerror}.")
        self.is_unread = isinstance(error, BrokenPipeError)


def printable(text: str) -> str:
    """Replace each character that could move a cursor or hide what is written by `REPLACEMENT`.

    >>> printable("Ágætis\\x1b]0;owned\\x07")
    'Ágætis\ufffd]0;owned\ufffd'
    """
    return _UNPRINTABLE.sub(REPLACEMENT, text)


class SafeOutput(io.TextIOWrapper):
    """A text stream that prints only what is `printable`."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The name of the encoding; not plain "ascii", since click writes past a stream of that encoding."""
        name = super().encoding
        return f"{name}+replace" if codecs.lookup(name).name == "ascii" else name

    def write(self, text: str) -> int:
        return self.write_exactly(_RETURN.sub(REPLACEMENT, printable(text)))

    def write_exactly(self, text: str) -> int:
        """Write text unchanged: CSV into a file, or a progress bar, which moves the cursor itself."""
        try:
            return super().write(text)
        except OSError as error:
            raise OutputError(error) from None

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise OutputError(error) from None


def open_outputs() -> None:
    """Replace standard output and error, which may be closed or of any encoding, by `SafeOutput`."""
    for descriptor in (0, 1, 2):  # else the next file that is opened, perhaps the database, would get the closed one
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout, sys.stderr = _safe(sys.stdout), _safe(sys.stderr)


def _safe(stream: TextIO | None) -> TextIO | None:
    buffer = getattr(stream, "buffer", None)
    if stream is None or buffer is None:
        return stream
    return SafeOutput(buffer, encoding=stream.encoding, errors="replace", line_buffering=stream.isatty())


def close_outputs() -> None:
    """Flush standard output and error.

    Raises
    ------
    OutputError
        One of them could not be written, or its reader has left.
    """
    failure = None
    for stream in (sys.stderr, sys.stdout):
        try:
            if stream is not None:
                stream.flush()
        except OutputError as error:
            failure = error
            # Else the interpreter's last flush would fail.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if failure is not None:
        raise failure


def terminal_width() -> int:
    """Width of a line of sentences, in cells."""
    return shutil.get_terminal_size((120, 24)).columns
