"""Text files larger than memory, some million characters at a time: plain, gzipped, or inside an archive."""

import errno
import gzip
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl

_BLOCK_BYTES = 64 * 1024 * 1024
_ENCRYPTED = 0x1  # of a zip entry's flags
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError),
    NotImplementedError,  # packed in a way that zipfile does not know, or so a damaged entry says
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
            The archive is damaged.
        OSError
            It cannot be read.
        """
        with _damage_told(self.path):
            if self.name is None:
                with gzip.open(self.path) if self.path.name.endswith(".gz") else self.path.open("rb") as file:
                    yield file  # type: ignore[misc]  # a GzipFile reads bytes as well
            elif is_tar(self.path):
                with tarfile.open(self.path) as archive:
                    member = archive.extractfile(self.name)
                    assert member is not None, self.name  # `members_of` lists files only
                    yield member
            else:
                with zipfile.ZipFile(self.path) as bundle, bundle.open(self.name) as part:
                    yield part

    @contextmanager
    def as_file(self) -> Iterator[Path]:
        """A file of its own: itself, or a copy of what is packed, which is gone at the end."""
        if self.name is None and not self.path.name.endswith(".gz"):
            yield self.path
            return
        with tempfile.TemporaryDirectory(prefix="earshot-") as folder:
            copy = Path(folder, self.title)
            with self.open() as packed, copy.open("wb") as file:
                shutil.copyfileobj(packed, file)
            yield copy


def members_of(path: Path) -> list[Member]:
    """The file itself, or the files that an archive holds.

    Raises
    ------
    ValueError
        The archive is damaged or encrypted.
    """
    with _damage_told(path):
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if any(entry.flag_bits & _ENCRYPTED for entry in entries):
                raise ValueError(f"{path.name} is encrypted; unpack it, and import the folder")
            return [Member(path, entry.filename) for entry in entries]
        if is_tar(path):
            with tarfile.open(path) as archive:
                names = [entry.name for entry in archive if entry.isfile()]
                _read_to_the_end(archive)
            return [Member(path, name) for name in names]
    return [Member(path)]


def is_tar(path: Path) -> bool:
    return path.name.endswith((".tar", ".tar.gz", ".tgz"))


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except (*_DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # EINVAL: nothing lies there
            raise
        raise ValueError(f"{path.name} is a damaged archive: {error}") from None


def _read_to_the_end(archive: tarfile.TarFile) -> None:
    """Only there does gzip tell whether all before was what had been packed: tarfile takes damage for the last file."""
    assert archive.fileobj is not None
    while archive.fileobj.read(1_048_576):
        pass


def line_blocks(file: IO[bytes], size: int = _BLOCK_BYTES) -> Iterator[bytes]:
    """Whole lines, about so many bytes at a time."""
    rest = b""
    while chunk := file.read(size):
        lines, end, begun = (rest + chunk).rpartition(b"\n")
        if lines or end:
            yield lines + end
        rest = begun
    if rest:
        yield rest


def field_blocks(file: IO[bytes], columns: list[str], separator: str = "\t") -> Iterator[pl.DataFrame]:
    """Fields of text between separators, unquoted; a field too many lands in the column `surplus`.

    Blank lines are rows of nulls.
    """
    names = [*columns, "surplus"]
    # polars takes the number of columns from the first line.
    first = separator.join("x" * len(names)).encode() + b"\n"
    for block in line_blocks(file):
        yield pl.read_csv(
            first + block, separator=separator, has_header=False, new_columns=names, quote_char=None,
            infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy",
        ).slice(1)  # fmt: skip


def json_blocks(file: IO[bytes], pick: Callable[[object], dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    """One value per line, each made flat by `pick`, which takes a line that is no JSON as None."""
    import json

    def value(line: bytes) -> object:
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            return None

    for block in line_blocks(file, _BLOCK_BYTES // 4):
        yield [pick(value(line)) for line in block.split(b"\n") if line.strip()]
