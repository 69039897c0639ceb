"""Read the log that Rockbox and other portable players write, ``.scrobbler.log``, version 1.0 or 1.1.

The specification was http://www.audioscrobbler.net/wiki/Portable_Player_Logging.
"""

import time
from collections import Counter
from collections.abc import Iterator

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import Batch, text_number
from earshot.data.listens.listen_reader import OpenedSource, Reader
from earshot.data.placeholder_names import is_unknown
from earshot.data.tables.text_blocks import Member, line_blocks
from earshot.data.tables.utf8_text import as_utf8

_MARK = "#AUDIOSCROBBLER/"
_IN_UTC = "#TZ/UTC"  # else the clock of the player shows local time, and nothing says where that was
_HEADER = "#ARTIST\t#ALBUM"  # in comments too; other lines with tabs are tracks, such as those of #1 Dads
_FIELDS = ("artist", "album", "title", "number", "length", "rating", "time", "mbid")
_UNTAGGED = "<untagged>"


def is_name(name: str) -> bool:
    """Tell whether a hidden file has the name of such a log."""
    return name.startswith(".scrobbler") and name.endswith(".log")


def read_scrobbler_log(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read what was listened to; what was skipped or has no tags is left out.

    A player without a clock writes 0, an unknown time. Local times are taken for times of this computer's zone.
    """
    is_utc = False
    lost: Counter[str] = Counter()

    def rows(lines: list[str]) -> Iterator[Facts]:
        nonlocal is_utc
        for line in lines:
            if line.startswith("#") and ("\t" not in line or line.startswith(_HEADER)):
                is_utc |= line.strip().upper() == _IN_UTC
            elif line.strip():
                yield dict(zip(_FIELDS, line.split("\t"), strict=False)) | {"is_utc": is_utc}

    with member.open_text() as file:
        texts = (as_utf8(block).decode("utf-8", "replace") for block in line_blocks(file, lost=lost))
        blocks = (list(rows(text.replace("\r", "\n").split("\n"))) for text in texts)
        yield from entry_batches(blocks, _facts, listener, needed=("artist", "title"), lost=lost)


def _facts(entry: Facts) -> Facts | str:
    if entry.get("rating", "").strip().upper() == "S":
        return "tracks that were skipped"
    artist = entry["artist"].strip()
    if artist.lower() == _UNTAGGED or is_unknown(artist):
        return "files without tags"
    clock = entry.get("time", "").strip()
    if not entry["is_utc"] and (local_s := text_number(clock)):
        clock = str(_utc(local_s))
    return {name: entry.get(name) for name in ("artist", "title", "album", "mbid")} | {
        "time": None if clock == "0" else clock or "missing"
    }


def _utc(local_s: int) -> int:
    """The time since 1970 at which a clock that shows local time showed this."""
    try:
        return int(time.mktime((*time.gmtime(local_s)[:8], -1)))
    except (ValueError, OverflowError):
        return local_s


SCROBBLER_LOG = Reader(
    "scrobbler-log",
    lambda head: head.text.startswith(_MARK),
    lambda members, options: OpenedSource(read_scrobbler_log(members[0], options.listener)),
)
