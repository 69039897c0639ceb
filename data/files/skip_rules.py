"""Reasons to exclude files and folders from a walk, judged by their names."""

import fnmatch
import math
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from shlex import quote

from earshot.data.files.regular_files import first_bytes

AUDIO_SUFFIXES = frozenset(
    [
        *(".mp3", ".mp2", ".mpga", ".flac", ".ogg", ".oga", ".ogv", ".oggflac", ".oggtheora", ".opus", ".spx"),
        *(".m4a", ".m4b", ".mp4", ".3gp", ".3g2", ".aac", ".alac", ".ac3", ".eac3", ".mka", ".webm", ".weba"),
        *(".wav", ".wave", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".dsf", ".dff"),
        *(".wma", ".asf", ".wv", ".ape", ".mpc", ".mp+", ".tta", ".tak", ".amr", ".ra", ".rm", ".ofr", ".ofs"),
    ]
)

# A file of such a name excludes its folder and all below it.
MARKERS = (".notmusic", ".nomedia", ".nomusic", ".noaudio", ".lmsignore")
EMPTY_MARKERS = (".ndignore", ".ignore")  # these too if they are empty; else they list patterns

# Folders of operating systems and storage boxes: deleted files, previews, earlier versions. In lower case.
_SYSTEM_FOLDERS = frozenset(
    {
        *("#recycle", "#snapshot", "@eadir", "@tmp", "@sharebin", "@synoeastream", "@synoresource"),  # Synology
        *("@recycle", "@recently-snapshot", "@__thumb", "@transcode", "@upload_cache"),  # QNAP
        *("$recycle.bin", "system volume information", "$windows.~bt"),  # Windows
        *("__macosx", "network trash folder", "temporary items", "thevolumesettingsfolder"),  # macOS
        *("lost+found", "lost.dir", "~snapshot"),  # file systems, Android, NetApp
    }
)
_OLD_WINDOWS_FOLDER = re.compile(r"(?i:found\.\d{3})|RECYCLE[RD]")  # of chkdsk, and bins; Recycler is an album
_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")  # "Mr. Brightside" has none

# First bytes of audio files, for names without a known suffix.
_AUDIO_MAGIC: tuple[bytes, ...] = (
    *(b"ID3", b"fLaC", b"OggS", b"FORM", b"MAC ", b"wvpk", b"MPCK", b"MP+", b"TTA1", b"tBaK", b"DSD ", b"FRM8"),
    *(b".snd", b"caff", b"\x30\x26\xb2\x75", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9"),
)


def is_hidden(name: str) -> bool:
    """Tell whether a name is one of a hidden file or folder: it begins with a dot, and no dot, digit or blank follows.

    >>> [is_hidden(name) for name in (".cache", "._song.mp3", "...And Oceans", ".38 Special", "a.mp3")]
    [True, True, False, False, False]
    """
    return name.startswith(".") and not (name[1:2] == "." or name[1:2].isdigit() or name[1:2].isspace())


def folder_exclusion(name: str) -> str | None:
    """Give the reason not to enter a folder of this name, or None.

    >>> folder_exclusion("#recycle"), folder_exclusion(".Trash-1000"), folder_exclusion("Recycler")
    ("in '#recycle', a folder of the system", "in the hidden folder '.Trash-1000'", None)
    """
    if is_hidden(name):
        return f"in the hidden folder {name!r}"
    if name.lower() in _SYSTEM_FOLDERS or _OLD_WINDOWS_FOLDER.fullmatch(name):
        return f"in {name!r}, a folder of the system"
    return None


def path_exclusion(path: str, root: str) -> str | None:
    """Give the reason that a walk from `root` does not enter the folder of this file, or None."""
    names = os.path.dirname(path)[len(root.rstrip("/")) :].split("/")
    return next(filter(None, map(folder_exclusion, filter(None, names))), None)


def pattern_exclusion(path: str, patterns: Iterable[tuple[str, str]]) -> str | None:
    """Give the pattern that excludes a file, as a reason, or None.

    Parameters
    ----------
    patterns : pairs of a folder and a glob
        The glob is matched against the absolute path, the path below that folder, and the name.
    """
    for folder, pattern in patterns:
        texts = path, os.path.relpath(path, folder), os.path.basename(path)
        if any(fnmatch.fnmatch(text, pattern) for text in texts):
            return f"matches --exclude {pattern}"
    return None


def file_exclusion(
    path: str, marker: str | None, patterns: Collection[tuple[str, str]], *, is_named: bool = False
) -> str | None:
    """Give the reason to exclude a regular file, or None. Its first bytes are read if its name has no suffix.

    Parameters
    ----------
    marker : name of the marker in its folder or one above
    patterns : see `pattern_exclusion`
    is_named : somebody gave this very file, so it may be hidden

    Raises
    ------
    OSError
        The first bytes are needed and cannot be read.
    """
    name = os.path.basename(path)
    suffix = os.path.splitext(name)[1].lower()
    # Half a copy of "01.flac" is ".01.flac.aB3dEf" as rsync names it: after a dot, only a suffix tells of music.
    if not is_named and name.startswith(".") and (is_hidden(name) or suffix not in AUDIO_SUFFIXES):
        return "a hidden file"
    if marker:
        return f"in a folder marked {marker}"
    if patterns and (reason := pattern_exclusion(path, patterns)):
        return reason
    if suffix in AUDIO_SUFFIXES:
        return None
    if _SUFFIX.fullmatch(suffix):
        return f"not audio by its name ({suffix})"
    return None if _starts_like_audio(path) else "not audio by its name or its first bytes"


def _starts_like_audio(path: str) -> bool:
    head = first_bytes(path, 12)
    return head.startswith(_AUDIO_MAGIC) or head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and head[8:] == b"WAVE")


@dataclass(frozen=True)
class Rules:
    """Patterns and bounds that exclude files below one folder.

    Raises
    ------
    ValueError
        A bound is no duration, or no track can be within both.
    """

    exclude: tuple[str, ...] = ()  # glob patterns
    min_duration: float | None = None  # seconds
    max_duration: float | None = None  # seconds

    def __post_init__(self) -> None:
        for name, bound in (("--min-duration", self.min_duration), ("--max-duration", self.max_duration)):
            if bound is not None and not (math.isfinite(bound) and bound > 0):
                raise ValueError(f"{name} is {bound:g}; it is a number of seconds, such as 30")
        if self.min_duration and self.max_duration and self.min_duration > self.max_duration:
            bounds = f"--min-duration {self.min_duration:g} and --max-duration {self.max_duration:g}"
            raise ValueError(f"{bounds} leave nothing in between")

    def __str__(self) -> str:
        """The rules as options of the command line.

        >>> print(Rules(("*/Audiobooks/*",), max_duration=1800.0))
        --exclude '*/Audiobooks/*' --max-duration 1800
        """
        words = [f"--exclude {quote(pattern)}" for pattern in self.exclude]
        words += [f"--min-duration {self.min_duration:g}"] if self.min_duration else []
        words += [f"--max-duration {self.max_duration:g}"] if self.max_duration else []
        return " ".join(words)


def combined_bounds(rules: Iterable[Rules]) -> tuple[float | None, float | None]:
    """The shortest and longest duration in seconds that all rules allow; None for no bound."""
    rules = list(rules)
    shortest = max((rule.min_duration for rule in rules if rule.min_duration is not None), default=None)
    longest = min((rule.max_duration for rule in rules if rule.max_duration is not None), default=None)
    return shortest, longest


def duration_exclusion(seconds: float, shortest: float | None, longest: float | None) -> str | None:
    """Give the reason to exclude a track of this duration, or None. Both bounds are in seconds and optional."""
    if shortest is not None and seconds < shortest:
        return f"shorter than --min-duration {shortest:g} ({seconds:.0f} s)"
    if longest is not None and seconds > longest:
        return f"longer than --max-duration {longest:g} ({seconds:.0f} s)"
    return None
