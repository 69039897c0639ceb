"""Files that took over each other's names: 1 is called 2 now, 2 is called 3, and there is a new 1.

By their names alone each track would become another song, with its plays and its places in playlists. But a file that
is renamed keeps its size and time.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from earshot.data.files.folder_walk import FoundFile
from earshot.data.files.path_encoding import path_columns
from earshot.index.library import Library
from earshot.index.tracks.folder_names import follow_path
from earshot.index.tracks.missing_files import KnownFile

Stamp = tuple[int | None, int | None]  # size in bytes, time in ns


def follow_renames(library: Library, found: Sequence[FoundFile], known: Mapping[str, KnownFile]) -> int:
    """Give tracks the paths to which their files went while others took their names; return their number.

    Files whose old name is gone are known by their content instead.
    """
    moves = _moves(found, known)
    if not moves:
        return 0
    with library.transaction():
        for old in moves:
            library.db.execute("UPDATE tracks SET path = '/' || id WHERE id = ?", [known[old].id])  # no file's path
        for old, new in moves.items():
            query = "UPDATE tracks SET path = ?, path_bytes = ? WHERE id = ?"
            library.db.execute(query, [*path_columns(new), known[old].id])
            follow_path(library, known[old].id, old, new)
    return len(moves)


def _moves(found: Sequence[FoundFile], known: Mapping[str, KnownFile]) -> dict[str, str]:
    """New paths by old ones; only where no track that stays is in the way."""
    here = {file.path: (file.size, file.mtime_ns) for file in found if not (file.exclusion or file.failure)}
    taken = {path for path, stamp in here.items() if path in known and _stamp(known[path]) != stamp}
    if not taken:
        return {}
    names: defaultdict[Stamp, list[str]] = defaultdict(list)
    earlier_names: defaultdict[Stamp, list[str]] = defaultdict(list)
    for path, stamp in here.items():
        names[stamp].append(path)
    for path, row in known.items():
        earlier_names[_stamp(row)].append(path)
    moves = {}
    for old in taken:
        before = _stamp(known[old])
        if known[old].status == "embedded" and len(names[before]) == len(earlier_names[before]) == 1:
            moves[old] = names[before][0]
    while blocked := {old for old, new in moves.items() if new in known and new not in moves}:
        moves = {old: new for old, new in moves.items() if old not in blocked}
    return moves


def _stamp(row: KnownFile) -> Stamp:
    return row.size, row.mtime_ns
