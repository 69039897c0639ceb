"""The tracks that an argument means: under one name, or as a choice between several."""

from collections.abc import Sequence
from dataclasses import dataclass

from earshot.data.files.path_encoding import escaped, shell_word
from earshot.index.tracks.track_lookup import TrackRow

_NAMED = ("artist", "album", "genre")  # by tags; other groups lie somewhere


@dataclass(frozen=True)
class Selected:
    """A track, or the tracks of an artist, album, genre, folder or playlist."""

    kind: str  # "track", "artist", "album", "genre", "folder" or "playlist"
    label: str  # the name of the artist, album or genre; the path of a folder or playlist
    tracks: Sequence[TrackRow]
    unknown: Sequence[str] = ()  # entries of a playlist that are no tracks of the library

    @property
    def ids(self) -> list[int]:
        return [track.id for track in self.tracks]

    @property
    def name(self) -> str:
        """The selection as an answer repeats it: a track by its name, a group with its size."""
        n_tracks = len(self.tracks)
        if self.kind == "track" or (n_tracks == 1 and self.kind in _NAMED):
            return self.tracks[0].name
        count = f"{n_tracks:,} track{'' if n_tracks == 1 else 's'}"
        if self.unknown:
            count = f"{n_tracks:,} of {n_tracks + len(self.unknown):,} entries"
        return f"{self.label} ({self.kind}, {count})"

    @property
    def address(self) -> str:
        """The text to type for this and nothing else."""
        if self.kind == "track":
            return f"id:{self.tracks[0].id}"
        return f"{self.kind}:{self.label}" if self.kind in _NAMED else shell_word(self.label)


class AmbiguousError(LookupError):
    """Several tracks or groups of tracks answer to the words."""

    def __init__(self, words: str, choices: Sequence[Selected], more: bool = False) -> None:
        are_tracks = all(choice.kind == "track" for choice in choices)
        what = "tracks" if are_tracks else "things"
        super().__init__(f"{escaped(words)!r} could be any of {len(choices)}{' or more' if more else ''} {what}")
        self.words, self.choices = words, list(choices)
