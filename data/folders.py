"""Walking folders of music: every file is found once, and none is opened unless its name says nothing."""

import fnmatch
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

AUDIO_SUFFIXES = frozenset(
    [
        *(".mp3", ".mp2", ".mpga", ".flac", ".ogg", ".oga", ".ogv", ".oggflac", ".oggtheora", ".opus", ".spx"),
        *(".m4a", ".m4b", ".mp4", ".3gp", ".3g2", ".aac", ".alac", ".ac3", ".eac3", ".mka", ".webm", ".weba"),
        *(".wav", ".wave", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".dsf", ".dff"),
        *(".wma", ".asf", ".wv", ".ape", ".mpc", ".mp+", ".tta", ".tak", ".amr", ".ra", ".rm", ".ofr", ".ofs"),
    ]
)
NOT_MUSIC_MARKER = ".notmusic"

_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")  # what follows a dot in "Mr. Brightside" is no suffix

# First bytes of sound files, for names that do not tell.
_MAGIC: tuple[bytes, ...] = (
    *(b"ID3", b"fLaC", b"OggS", b"FORM", b"MAC ", b"wvpk", b"MPCK", b"MP+", b"TTA1", b"tBaK", b"DSD ", b"FRM8"),
    *(b".snd", b"caff", b"\x30\x26\xb2\x75", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9"),
)


@dataclass(frozen=True)
class FoundFile:
    """One file under a root. At most one of `exclusion` and `failure` is set."""

    path: str  # absolute; bytes that are not UTF-8 are surrogates, as os.fsdecode leaves them
    size: int = 0  # bytes
    mtime_ns: int = 0
    exclusion: str | None = None  # why it is left out
    failure: str | None = None  # why it cannot be read


def find_files(
    roots: Sequence[str], exclude: Sequence[str] = (), passed_over: Sequence[str] = ()
) -> Iterator[FoundFile]:
    """Yield every file under `roots` (files or folders), in the order of their names.

    Symbolic links are followed; a folder that was already visited, by whatever name, is not visited again, so
    that links in a circle end. Hidden folders and the folders in `passed_over` are not entered.

    Parameters
    ----------
    exclude : glob patterns
        Matched against the absolute path, the path below the root, and the name; ``*`` crosses slashes.
    """
    visited: set[tuple[int, int]] = set()
    seen: set[str] = set()
    for root in roots:
        root = os.path.abspath(root)
        if not os.path.isdir(root):
            found: Iterator[FoundFile] = iter([_examine(root, os.path.dirname(root), exclude, False)])
        else:
            found = _walk(root, exclude, {os.path.abspath(folder) for folder in passed_over}, visited)
        for file in found:
            if file.path not in seen:  # roots may overlap
                seen.add(file.path)
                yield file


def _walk(
    root: str, exclude: Sequence[str], passed_over: set[str], visited: set[tuple[int, int]]
) -> Iterator[FoundFile]:
    pending: list[tuple[str, bool]] = [(root, False)]  # folder, and whether it or a parent is marked
    while pending:
        folder, marked = pending.pop()
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield FoundFile(folder, failure=f"the folder cannot be read: {error.strerror}")
            continue
        marked = marked or any(entry.name == NOT_MUSIC_MARKER for entry in entries)
        folders = []
        for entry in entries:
            if _is_folder(entry):
                if not entry.name.startswith(".") and entry.path not in passed_over:
                    folders.append((entry.path, marked))
            elif entry.name != NOT_MUSIC_MARKER:
                yield _examine(entry.path, root, exclude, marked, entry)
        pending.extend(reversed(folders))


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _examine(path: str, root: str, exclude: Sequence[str], marked: bool, entry: os.DirEntry | None = None) -> FoundFile:
    """One file, judged by its name, its status and, when the name tells nothing, its first bytes."""
    try:
        status = entry.stat() if entry else os.stat(path)
    except OSError as error:
        return FoundFile(path, failure=_stat_failure(path, error))
    size, mtime_ns = status.st_size, status.st_mtime_ns
    if not stat.S_ISREG(status.st_mode):
        return FoundFile(path, size, mtime_ns, failure=f"not a regular file but {_kind(status.st_mode)}")
    exclusion = _exclusion(path, root, exclude, marked)
    return FoundFile(path, size, mtime_ns, exclusion=exclusion)


def _exclusion(path: str, root: str, exclude: Sequence[str], marked: bool) -> str | None:
    name = os.path.basename(path)
    if name.startswith("."):
        return "a hidden file"
    if marked:
        return f"in a folder marked {NOT_MUSIC_MARKER}"
    for pattern in exclude:
        if any(fnmatch.fnmatch(text, pattern) for text in (path, os.path.relpath(path, root), name)):
            return f"matches --exclude {pattern}"
    suffix = os.path.splitext(name)[1].lower()
    if suffix in AUDIO_SUFFIXES:
        return None
    if _SUFFIX.fullmatch(suffix):
        return f"not audio by its name ({suffix})"
    return None if _starts_like_audio(path) else "not audio by its name or its first bytes"


def _starts_like_audio(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head.startswith(_MAGIC) or head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and head[8:] == b"WAVE")


def _stat_failure(path: str, error: OSError) -> str:
    if os.path.islink(path):
        circular = "leads back to itself" if error.strerror and "symbolic" in error.strerror else "leads nowhere"
        return f"a symbolic link that {circular}"
    return f"cannot be read: {error.strerror}"


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFBLK: "a block device"}
    return kinds.get(stat.S_IFMT(mode), "a device")
