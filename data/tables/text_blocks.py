"""Text files larger than memory, plain, gzipped or inside an archive, read in blocks of lines."""

import errno
import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from earshot.data.files.regular_files import open_regular
from earshot.data.tables.archives import ARCHIVES, DAMAGE, open_archive, open_gzip
from earshot.data.tables.utf8_text import Utf8File

_BLOCK_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 4 * 1024 * 1024  # read at a time
_BLOCK_LINES = 2_000_000  # about as many in a block of short lines, since an empty row takes memory, too
_JSON_LINES = 50_000  # in a block; each becomes several Python objects
MAX_LINE_BYTES = 16 * 1024 * 1024  # by which a block may grow to complete a line
_CHECKED_GZIP_BYTES = 32 * 1024 * 1024  # gzipped files of at most this size are unpacked once for a check


@dataclass(frozen=True)
class Member:
    """A file on disk, or one inside a zip or tar archive."""

    path: Path
    name: str | None = None  # inside the archive
    encoding: str | None = None  # of its text, as a person says; else UTF-8 or UTF-16, or guessed

    def __str__(self) -> str:
        return self.name or self.path.name

    @property
    def title(self) -> str:
        """The last part of its name, without .gz."""
        return (self.name or self.path.name).rsplit("/", 1)[-1].removesuffix(".gz")

    @property
    def suffix(self) -> str:
        """`Path.suffix` in lower case; for a gzipped file, that of its content."""
        return Path(self.name or self.title).suffix.lower()

    @property
    def location(self) -> Path:
        """Its path, where an archive counts as a folder."""
        return self.path / (self.name or "")

    def beside(self, name: str) -> "Member | None":
        """The file of a name in the same folder; None if there is none."""
        if self.name is None:
            path = self.path.with_name(name)
            return Member(path) if path.is_file() else None
        other = self.name[: self.name.rfind("/") + 1] + name  # which may begin with ./
        return replace(self, name=other) if other in open_archive(self.path).names else None

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open its bytes.

        Raises
        ------
        ValueError
            It is no regular file, or the archive is damaged, encrypted or a bomb.
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
        """Open its bytes without a byte order mark, UTF-16 and its encoding turned to UTF-8; raises as `open` does."""
        with self.open() as file:
            yield io.BufferedReader(Utf8File(file, self.encoding), _PIECE_BYTES)


def read_at_most(file: IO[bytes], n_bytes: int, name: str) -> bytes:
    """Read a small file whole; raises a ValueError if it is larger."""
    content = file.read(n_bytes + 1)
    if len(content) > n_bytes:
        raise ValueError(f"{name} is larger than {n_bytes // 1024**2:,} MiB, as no such file is")
    return content


def members_of(path: Path) -> list[Member]:
    """List the file itself, or the files in an archive and in archives in it; raises as `Member.open` does."""
    if path.name.lower().endswith(ARCHIVES):
        with _damage_as_value_error(path):
            return [Member(path, name) for name in open_archive(path).names]
    if path.name.endswith(".gz") and path.stat().st_size <= _CHECKED_GZIP_BYTES:
        with Member(path).open() as file:  # finds a bomb in seconds, long before its last row is read
            while file.read(_PIECE_BYTES):
                pass
    return [Member(path)]


@contextmanager
def _damage_as_value_error(path: Path) -> Iterator[None]:
    try:
        yield
    except (*DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # of a position before the file
            raise
        raise ValueError(f"{path.name} is a damaged archive: {error}") from None


def line_blocks(
    file: IO[bytes],
    size: int = _BLOCK_BYTES,
    *,
    lines: int = _BLOCK_LINES,
    lost: Counter[str] | None = None,
) -> Iterator[bytes]:
    """Yield blocks of whole lines, of about `size` bytes or `lines` lines.

    If a line is longer than `MAX_LINE_BYTES` at the end of a block, it is skipped and counted in `lost`. Within a
    block or at the end of the file it is kept, since it takes no more memory than a block.
    """
    lost = Counter() if lost is None else lost
    pieces: list[bytes] = []  # of the next block
    n_bytes = n_lines = 0
    is_skipping = False  # in the rest of a line that is too long
    while piece := file.read(min(size, _PIECE_BYTES)):
        if is_skipping:
            _, end, piece = piece.partition(b"\n")
            is_skipping = not end
        pieces.append(piece)
        n_bytes, n_lines = n_bytes + len(piece), n_lines + piece.count(b"\n")
        if n_bytes < size and n_lines < lines:
            continue
        text = b"".join(pieces)
        n_whole = text.rfind(b"\n") + 1
        rest = text[n_whole:]
        if len(rest) > MAX_LINE_BYTES:
            lost[f"lines longer than {MAX_LINE_BYTES // 1024**2} MiB"] += 1
            rest, is_skipping = b"", True
        if n_whole:
            yield text[:n_whole]
        pieces, n_bytes, n_lines = [rest], len(rest), 0
    if rest := b"".join(pieces):
        yield rest


def json_blocks(file: IO[bytes], lost: Counter[str] | None = None) -> Iterator[list[object]]:
    """Yield the values of JSON lines; None for a line that is no JSON."""
    for block in line_blocks(file, _BLOCK_BYTES // 4, lines=_JSON_LINES, lost=lost):
        rows = [line for line in block.split(b"\n") if line.strip()]
        for first in range(0, len(rows), _JSON_LINES):  # a block of short lines may hold millions
            yield [json_value(line) for line in rows[first : first + _JSON_LINES]]


def json_value(text: bytes | str) -> object:
    """Parse JSON; None for text that is no JSON, or is nested too deeply."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def json_object(value: object) -> dict[str, Any]:
    """The value itself if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def json_objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list; of anything else none."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
