"""Find the tracks of a history: lines as people write them, of which some name nothing that the library knows.

A line counts only for the very recording that it names. Where words alone lead to a track, all of the line has to be in
the names of the track and all of its title in the line, so that neither a remix nor a live take stands for a song.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from earshot.data.files.path_encoding import escaped
from earshot.data.name_matching import album_key, artist_names, is_other_version, title_key
from earshot.data.playlists.playlist import Entry
from earshot.data.playlists.track_lines import TrackLine, readings, swapped, track_line
from earshot.index.library import Library
from earshot.index.search.near_misses import near_misses
from earshot.index.search.places import is_only_a_path, local_path, why_no_tracks
from earshot.index.search.selected import AmbiguousError, Selected
from earshot.index.search.track_selection import files_of
from earshot.index.tracks.name_resolution import UNKNOWN, match_nodes
from earshot.index.tracks.playlist_entries import entry_tracks
from earshot.index.tracks.track_lookup import TrackRow, track_rows
from earshot.stages.shared.chosen_tracks import chosen_tracks, why_nothing
from earshot.stages.shared.reports import StageError

_MAX_SHOWN = 5  # lines of a history of which none is known
_MAX_LETTERS = 100  # of a line that is shown
_BY_NAME = ("artist", "album", "genre")


@dataclass
class HistoryTracks:
    """The tracks of a history in its order, and its other lines, each with the reason where there is one."""

    ids: list[int] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def history_tracks(library: Library, texts: Sequence[str]) -> HistoryTracks:
    """Find the tracks of a history; a line that is none, or could be any of several, costs only itself.

    A line may be whatever `index.search.track_selection` finds, but a number is a name in it, as in any list of tracks.
    In a list of artists and titles the name of an artist, album or genre alone is a heading.

    Raises
    ------
    StageError
        No line is a track of the library; with names that are like some of them.
    AmbiguousError
        The only line could be any of several.
    """
    lines = _with_sure_marks([track_line(text) for text in texts])
    nodes = _named_nodes(library, lines)
    is_tracklist = 2 * sum(bool(_pairs(line)) for line in lines) > len(lines) > 1
    found = HistoryTracks()
    problems: dict[str, str] = {}
    for line, node in zip(lines, nodes, strict=True):
        rows: Sequence[TrackRow] = ()
        if node != UNKNOWN:
            rows = files_of(library, list(track_rows(library, [node]).values()), catalog=True)
        elif not line.names_none:
            try:
                selected = _selected(library, line, are_groups=not is_tracklist)
                rows = [] if selected is None else selected.tracks
                found.strangers += [] if selected is None else selected.unknown
            except (AmbiguousError, StageError) as error:
                if len(lines) == 1:
                    raise
                problems[line.text] = _reason(error)
        found.ids += [row.id for row in rows]
        if not rows:
            reason = problems.get(line.text)
            found.strangers.append(f"{line.text} ({reason})" if reason else line.text)
    if lines and not found.ids:
        raise StageError(_why_none(library, lines, problems))
    return found


def _with_sure_marks(lines: Sequence[TrackLine]) -> list[TrackLine]:
    """Lines whose numbers and times are certainly none of the title.

    Without an artist they may belong to it (10:15 Saturday Night), unless the other lines have theirs.
    """
    is_list = len(lines) > 1 and 2 * sum(line.is_marked for line in lines) >= len(lines)
    return [
        replace(line, texts=(line.text,)) if line.is_marked and not is_list and not _pairs(line) else line
        for line in lines
    ]


def _named_nodes(library: Library, lines: Sequence[TrackLine]) -> list[int]:
    """The track of each line by path or by exact names, whatever their spelling; UNKNOWN for the others."""
    nodes = match_nodes(library, [line.text for line in lines], "track", names_are="names", create=False).ids.tolist()
    nodes = [UNKNOWN if line.names_none else node for node, line in zip(nodes, lines, strict=True)]
    wanted = [n for n, line in enumerate(lines) if nodes[n] == UNKNOWN and not line.names_none]
    straight = _first_of(library, [[entry for text in lines[n].texts for entry in readings(text)] for n in wanted])
    for n, node in zip(wanted, straight, strict=True):
        nodes[n] = node
    rest = [n for n in wanted if nodes[n] == UNKNOWN]
    turned = _first_of(library, [[entry for text in lines[n].texts for entry in swapped(text)] for n in rest])
    n_straight = sum(node != UNKNOWN and bool(_pairs(line)) for node, line in zip(nodes, lines, strict=True))
    if sum(node != UNKNOWN for node in turned) > n_straight:
        for n, node in zip(rest, turned, strict=True):
            nodes[n] = node
    bare = [n for n in rest if nodes[n] == UNKNOWN and not _pairs(lines[n])]
    titles = [text for n in bare for text in lines[n].texts[1:]]
    titled = iter(match_nodes(library, titles, "track", names_are="names", create=False).ids.tolist())
    for n in bare:
        nodes[n] = _first([next(titled) for _ in lines[n].texts[1:]])
    return nodes


def _reason(error: Exception) -> str:
    """One line on what is wrong with a line, with what to type in place of one that is not clear."""
    if not isinstance(error, AmbiguousError):
        return str(error).partition("\n")[0]
    likeliest = " or ".join(f"{choice.address} for {escaped(choice.name)}" for choice in error.choices[:2])
    return f"could be any of several: {likeliest}{' or others' if len(error.choices) > 2 else ''}"


def _first_of(library: Library, options: Sequence[Sequence[Entry]]) -> list[int]:
    found = iter(entry_tracks(library, [entry for entries in options for entry in entries]))
    nodes = [[next(found) for _ in entries] for entries in options]
    return list(map(_first, nodes))


def _first(nodes: Sequence[int]) -> int:
    return next((node for node in nodes if node != UNKNOWN), UNKNOWN)


def _pairs(line: TrackLine) -> list[Entry]:
    return readings(line.texts[-1])


def _selected(library: Library, line: TrackLine, *, are_groups: bool) -> Selected | None:
    """The selection of a line as a person would type it, if it is what the line names.

    A StageError or `AmbiguousError` counts only where no text of the line says more.
    """
    problem: Exception | None = None
    for text in dict.fromkeys((line.texts[0], line.texts[-1])):  # exact names were looked for in all of them
        try:
            choices = [chosen_tracks(library, text, digits_are_ids=False)]
        except AmbiguousError as error:
            choices, problem = list(error.choices), problem or error
        except StageError as error:
            choices, problem = [], problem or error
        fitting = [choice for choice in choices if choice is not None and _fits(text, choice, are_groups)]
        if len(fitting) == 1:
            return fitting[0]
    if problem is not None and not (isinstance(problem, AmbiguousError) and _pairs(line)):
        raise problem
    return None


def _fits(text: str, choice: Selected, are_groups: bool) -> bool:
    """Tell whether a selection is what a line names, and not only something with its words."""
    if choice.kind != "track":
        return are_groups or choice.kind not in _BY_NAME or text.startswith(f"{choice.kind}:")
    (track,) = choice.tracks
    if text.startswith(("id:", "title:")) or is_only_a_path(text) or os.path.exists(local_path(text)):
        return True
    title, line = title_key(track.title), _words(text)
    artist = _words(next(iter(artist_names(track.artist or "")), ""))
    names = _words(" ".join(filter(None, (track.title, track.artist, track.album))))
    is_named = bool(_plain_words(text) <= names or _plain_words(_spaced(text)) <= names)
    if not is_named or is_other_version(track.title) != is_other_version(text):
        return False
    if pairs := readings(text):
        titled = [pair for pair in pairs if _unspaced(pair.title) == _unspaced(track.title)]
        return any(artist <= _words(pair.artist or "") for pair in titled)
    return _plain_words(title) <= line and (artist <= line or not artist & line)


def _words(text: str) -> set[str]:
    """All words of a text, those with an apostrophe both as one and as two."""
    return _plain_words(text) | _plain_words(_spaced(text))


def _plain_words(text: str) -> set[str]:
    return set(album_key(text).split())


def _unspaced(title: str | None) -> str:
    return title_key(title or "").replace(" ", "")


def _spaced(text: str) -> str:
    return re.sub("['’‘ʼ`´]", " ", text)


def _why_none(library: Library, lines: Sequence[TrackLine], problems: dict[str, str]) -> str:
    """The reason why no line of a history is a track: some of the lines, each with names that are like it."""
    if len(lines) == 1 and (lines[0].text not in problems):
        text = lines[0].text
        return why_no_tracks(text) or why_nothing(library, text)
    shown = []
    for line in sorted(lines, key=lambda line: line.names_none)[:_MAX_SHOWN]:
        names = [] if line.names_none else near_misses(library, line.texts[-1], limit=2)
        like = " or ".join(f'"{escaped(name)}"' for name in names)
        reason = problems.get(line.text) or (f"did you mean {like}?" if like else "nothing is like it")
        shown.append(f"    {escaped(line.text[:_MAX_LETTERS])}: {reason}")
    more = [f"    and {len(lines) - len(shown):,} more"] if len(lines) > len(shown) else []
    return (
        f"None of the {len(lines):,} lines of this history is a track of the library:\n"
        + "\n".join([*shown, *more])
        + '\n\nWrite one track a line, as "Artist - Title" or its path, or run `cli embed-audio` on the folder of the'
        " music first."
    )
