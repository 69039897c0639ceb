"""Text files larger than memory, some million characters at a time: plain, gzipped, or inside an archive."""

import errno
import io
import json
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl

from earshot.data.files.regular_files import open_regular
from earshot.data.tables.archives import open_archive, open_gzip
from earshot.data.tables.encodings import Utf8File

_BLOCK_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 4 * 1024 * 1024  # that are read at once
_BLOCK_LINES = 2_000_000  # a block of short lines has not many more, for a row takes memory whatever it holds
_JSON_LINES = 50_000  # each becomes some Python objects
MAX_LINE_BYTES = 16 * 1024 * 1024  # bytes that a block may grow by to hold the whole of a line
_CHECKED_GZIP_BYTES = 32 * 1024 * 1024  # of gzipped files that are unpacked once before they are read
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, struct.error, OverflowError),
    NotImplementedError,  # packed in a way that zipfile does not know, or so a damaged entry says
    RecursionError,  # headers of headers in a tar archive
)


@dataclass(frozen=True)
class Member:
    """A file by itself, or one inside a zip or tar archive."""

    path: Path
    name: str | None = None  # inside the archive

    def __str__(self) -> str:
        return self.name or self.path.name

    @property
    def title(self) -> str:
        """The last part of its name, without .gz."""
        return (self.name or self.path.name).rsplit("/", 1)[-1].removesuffix(".gz")

    @property
    def suffix(self) -> str:
        """As `Path.suffix`, in small letters; of a gzipped file that of what is in it."""
        return Path(self.name or self.title).suffix.lower()

    @property
    def place(self) -> Path:
        """Where it lies, an archive being a folder like any other."""
        return self.path / (self.name or "")

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Its bytes.

        Raises
        ------
        ValueError
            It is no regular file, or the archive is damaged or unpacks to far more than it is.
        OSError
            It cannot be read.
        """
        if self.name is not None:
            with _damage_as_value_error(self.path), open_archive(self.path).open(self.name) as member:
                yield member
        elif self.path.name.endswith(".gz"):
            with _damage_as_value_error(self.path), open_gzip(self.path) as unpacked:
                yield unpacked
        else:
            with open_regular(self.path) as file:
                yield file

    @contextmanager
    def open_text(self) -> Iterator[io.BufferedReader]:
        """Its bytes from behind a byte order mark, UTF-16 turned into UTF-8; raises as `open` does."""
        with self.open() as file:
            yield io.BufferedReader(Utf8File(file), _PIECE_BYTES)


def members_of(path: Path) -> list[Member]:
    """The file itself, or the files that an archive holds.

    Raises
    ------
    ValueError
        The archive is damaged, encrypted or a bomb.
    """
    is_archive = path.suffix.lower() == ".zip" or is_tar(path)
    if not is_archive and path.name.endswith(".gz") and path.stat().st_size <= _CHECKED_GZIP_BYTES:
        with Member(path).open() as file:  # a bomb is known in seconds so, long before its last row was read
            while file.read(_PIECE_BYTES):
                pass
    if not is_archive:
        return [Member(path)]
    with _damage_as_value_error(path):
        return [Member(path, name) for name in open_archive(path).names]


def is_tar(path: Path) -> bool:
    return path.name.lower().endswith((".tar", ".tar.gz", ".tgz"))


@contextmanager
def _damage_as_value_error(path: Path) -> Iterator[None]:
    try:
        yield
    except (*_DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # EINVAL: nothing lies there
            raise
        raise ValueError(f"{path.name} is a damaged archive: {error}") from None


def line_blocks(
    file: IO[bytes],
    size: int = _BLOCK_BYTES,
    *,
    lines: int = _BLOCK_LINES,
    quote: bytes = b"",
    lost: Counter[str] | None = None,
) -> Iterator[bytes]:
    """Whole lines, about so many bytes or lines at a time.

    A line longer than `MAX_LINE_BYTES` where a block ends is left out and counted in `lost`. One within a block, or at
    the end of the file, is given: it takes no more memory than a block.

    Parameters
    ----------
    quote : the mark between two of which an end of line ends none
    """
    lost = Counter() if lost is None else lost
    pieces: list[bytes] = []  # of the block that grows
    n_bytes = n_lines = 0
    is_skipping = False  # the rest of a line that is too long
    while piece := file.read(min(size, _PIECE_BYTES)):
        if is_skipping:
            _, end, piece = piece.partition(b"\n")
            is_skipping = not end
        pieces.append(piece)
        n_bytes, n_lines = n_bytes + len(piece), n_lines + piece.count(b"\n")
        if n_bytes < size and n_lines < lines:
            continue
        block, rest, is_skipping = _split_last_line(b"".join(pieces), quote, lost)
        if block:
            yield block
        pieces, n_bytes, n_lines = [rest], len(rest), 0
    rest = b"".join(pieces)
    if rest:
        yield _close_quote(rest, quote)


def _split_last_line(text: bytes, quote: bytes, lost: Counter[str]) -> tuple[bytes, bytes, bool]:
    """The whole lines of a text, the begun one, and whether the rest of that one is to be skipped for its length."""
    end = _end_of_last_line(text, quote)
    if len(text) - end <= MAX_LINE_BYTES:
        return text[:end], text[end:], False
    following = text.find(b"\n", end)
    if quote and following >= 0:  # a quote that is never closed: without quotes it costs only its line
        line = text[end : following + 1].replace(quote, b"")
        block, rest, is_skipping = _split_last_line(text[following + 1 :], quote, lost)
        return text[:end] + line + block, rest, is_skipping
    lost[f"lines longer than {MAX_LINE_BYTES // 1024**2} MiB"] += 1
    return text[:end], b"", True


def _close_quote(text: bytes, quote: bytes) -> bytes:
    """The last lines of a file; one whose quote is never closed has none, and the others keep theirs."""
    end = _end_of_last_line(text, quote)
    if not quote or text.count(quote, end) % 2 == 0:
        return text
    following = text.find(b"\n", end) + 1 or len(text)
    return text[:end] + text[end:following].replace(quote, b"") + _close_quote(text[following:], quote)


def _end_of_last_line(text: bytes, quote: bytes) -> int:
    """The place behind the last line that is whole."""
    end = text.rfind(b"\n") + 1
    if not quote or text.count(quote, 0, end) % 2 == 0:
        return end
    letters = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(letters == ord("\n"))
    n_quotes = np.searchsorted(np.flatnonzero(letters == ord(quote)), ends)  # before each
    whole = ends[n_quotes % 2 == 0]
    return int(whole[-1]) + 1 if len(whole) else 0


def field_blocks(
    file: IO[bytes], columns: list[str], separator: str = "\t", lost: Counter[str] | None = None
) -> Iterator[pl.DataFrame]:
    """Fields of text between separators, unquoted; a field too many lands in the column `surplus`.

    Blank lines are rows of nulls.
    """
    names = [*columns, "surplus"]
    # polars takes the number of columns from the first line.
    first = separator.join("x" * len(names)).encode() + b"\n"
    for block in line_blocks(file, lost=lost):
        yield pl.read_csv(
            first + block, separator=separator, has_header=False, new_columns=names, quote_char=None,
            infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy",
        ).slice(1)  # fmt: skip


def json_blocks(
    file: IO[bytes], pick: Callable[[object], dict[str, object]], lost: Counter[str] | None = None
) -> Iterator[list[dict[str, object]]]:
    """One value per line, each made flat by `pick`, which takes a line that is no JSON as None."""
    for block in line_blocks(file, _BLOCK_BYTES // 4, lines=_JSON_LINES, lost=lost):
        rows = [line for line in block.split(b"\n") if line.strip()]
        for first in range(0, len(rows), _JSON_LINES):  # a piece of short lines may hold millions
            yield [pick(json_value(line)) for line in rows[first : first + _JSON_LINES]]


def json_value(text: bytes | str) -> object:
    """The value of a text of JSON, None if it is none, or is nested beyond all reason."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
