"""Seeds of a similarity search: tracks of the library, and files outside of it, which are embedded on the spot.

`index.search.track_selection` finds the tracks that a typed name means.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earshot.audio.config import DecodeConfig
from earshot.data.files.path_encoding import escaped, shown_path
from earshot.data.path_names import file_title
from earshot.index.graphs.diffused_vectors import centre_vector
from earshot.index.library import Library
from earshot.index.recordings.recordings import recordings_of, tracks_to_show
from earshot.index.runs import current_fingerprint
from earshot.index.search.excerpts import ExcerptVectors, read_excerpts
from earshot.index.search.places import local_path, why_no_tracks
from earshot.index.search.similarity_search import Seed
from earshot.index.tracks.track_lookup import TrackRow
from earshot.index.vectors.spaces import AUDIO, DIFFUSED, TOWER, read_vector, sound_space
from earshot.stages.shared.chosen_tracks import chosen_tracks, why_nothing
from earshot.stages.shared.current_encoder import current_checkpoint, load_encoder
from earshot.stages.shared.reports import StageError
from earshot.stages.shared.unread_files import reinstall_advice

_MAX_COMPARED = 50  # tracks of a group whose excerpts are read, to find moments and copies


@dataclass(frozen=True)
class Seeds:
    """The tracks that one argument means as seeds, each in the spaces that have a vector of it."""

    text: str  # that they were found by
    name: str  # as the answer repeats it
    tracks: Sequence[Mapping[str, Seed]]  # by space
    kind: str = "track"  # or of the group, as of `Selected`

    def spaces(self) -> set[str]:
        return {space for track in self.tracks for space in track}

    def in_space(self, space: str) -> list[Seed]:
        return [track[space] for track in self.tracks if space in track]


def find_seeds(library: Library, text: str, spaces: Sequence[str]) -> Seeds:
    """Find what an argument means (`index.search.track_selection`), with vectors in each of the spaces.

    The tracks of an artist, album, genre, folder or playlist count together as much as one track. The errors are those
    of `stages.similar.similar_tracks`.
    """
    selected = chosen_tracks(library, text, catalog=tuple(spaces) != (AUDIO,))
    is_file = selected is None and "\0" not in text and os.path.isfile(local_path(text))
    if is_file and why_no_tracks(text) is None:
        path = local_path(text)
        heard = {space: _embedded_file(library, path, space) for space in spaces if space in (AUDIO, DIFFUSED)}
        if not heard:
            raise StageError(_why_no_file_seed(path, spaces))
        return Seeds(text, next(iter(heard.values())).name, [heard])
    if selected is None:
        selected = chosen_tracks(library, text)
    if selected is None:
        raise StageError(why_nothing(library, text))
    tracks = [seeds for row in selected.tracks if (seeds := _seeds_of(library, row, spaces, len(selected.tracks)))]
    if not tracks:
        raise StageError(_why_no_seed(library, selected.tracks[0], spaces))
    return Seeds(text, selected.name, tracks, selected.kind)


def _seeds_of(library: Library, row: TrackRow, spaces: Sequence[str], n_tracks: int) -> dict[str, Seed]:
    """A track of a group of so many as a seed in each space that has a vector of it."""
    vectors = {space: vector for space in spaces if (vector := _vector(library, space, row)) is not None}
    if not vectors:
        return {}
    nothing = ExcerptVectors(np.empty((0, 0), np.float32), [])
    excerpts = read_excerpts(library, row.id) if n_tracks <= _MAX_COMPARED else nothing
    if not row.artist and n_tracks <= _MAX_COMPARED:
        shown = tracks_to_show(library, recordings_of(library, [row.id]))
        row = next((track for tracks in shown.values() for track in tracks if track.id == row.id), row)
    facts = row.duration, row.artist, row.title, row.content_hash, row.id, row.album
    return {space: Seed(row.name, vector, excerpts, *facts, weight=1 / n_tracks) for space, vector in vectors.items()}


def _vector(library: Library, space: str, row: TrackRow) -> np.ndarray | None:
    """The vector of a track, or where it has none of its own, of its recording."""
    vector = read_vector(library, space, row.id)
    return read_vector(library, space, recordings_of(library, [row.id])[0]) if vector is None else vector


def _why_no_file_seed(path: str, spaces: Sequence[str]) -> str:
    """The reason why a file outside of the library cannot be searched from."""
    if TOWER in spaces:
        return f"{shown_path(path)} is not in the library.\n\nRun `cli embed-audio` on it first."
    return (
        f"{shown_path(path)} is not in the library, and cannot be embedded in the space {spaces[0]}."
        "\n\nAsk by its sound: --by audio."
    )


def _why_no_seed(library: Library, row: TrackRow, spaces: Sequence[str]) -> str:
    """The reason why nothing can be searched from a track, and what to type."""
    named = f"{escaped(row.name)} (track {row.id})"
    if tuple(spaces) == (AUDIO,):
        other = sound_space(library)
        other = TOWER if other in (None, AUDIO) else other
        return f"{named} was never embedded.\n\nRun `cli embed-audio` on its folder, or ask otherwise: --by {other}."
    if TOWER in spaces:
        return f"{named} came after the last `cli train-tower`.\n\nRun it again."
    if DIFFUSED not in spaces:
        return f"{named} has no vector by {spaces[0]}: the import brought none.\n\nAsk by another space: --by tower."
    return (
        f"{named} has no spread vector: it came after the last `cli diffuse-audio`, or no graph leads to it.\n\n"
        "Run `cli diffuse-audio` again, or `cli build-graph` first."
    )


def _embedded_file(library: Library, path: str, space: str) -> Seed:
    """A file outside the library, embedded by the very encoder that the library's vectors come from."""
    from earshot.audio.decoding.decode_pool import WorkersLostError
    from earshot.audio.decoding.music_file import Cause
    from earshot.audio.embed_files import EmbeddedTrack, EmbedFailure, embed_files

    checkpoint, fingerprint = current_checkpoint(library), current_fingerprint(library)
    if fingerprint is None:
        raise StageError(
            f"No track here was embedded yet: {shown_path(path)} cannot be compared."
            "\n\nRun `cli embed-audio FOLDER` first."
        )
    if fingerprint != checkpoint.fingerprint:
        raise StageError(
            "The library's vectors belong to an older encoder, so a new file cannot be compared with them.\n\n"
            "Run `cli embed-audio` first: it embeds the library again with the present one."
        )
    absolute = str(Path(path).absolute())
    ear = load_encoder(checkpoint, "cpu", n_tracks=1)
    try:  # hashed, so that the same content in the library is known for a copy
        (result,) = embed_files([absolute], ear, DecodeConfig(workers=1), is_known=lambda path, content_hash: False)
    except WorkersLostError as error:
        raise StageError(f"{shown_path(path)} cannot be embedded: {error}. Is memory short?") from None
    if isinstance(result, EmbedFailure):
        fix = f"\n\n{reinstall_advice()}" if result.cause is Cause.PROGRAM else ""
        raise StageError(f"{shown_path(path)} cannot be embedded: {result.reason}.{fix}")
    assert isinstance(result, EmbeddedTrack)
    decoded, artist = result.decoded, result.decoded.tags.artist
    title = decoded.tags.title or file_title(absolute)
    name = f"{artist} - {title}" if artist else title
    excerpts, vector = ExcerptVectors(result.excerpt_vectors, decoded.starts), result.vector
    if space == DIFFUSED:
        from earshot.graph.diffusion.diffusion import centred  # and with it scipy, a tenth of a second

        vector = centred(vector[None], centre_vector(library, len(vector)))[0]
    facts = decoded.duration, artist, title, result.content_hash, None, decoded.tags.album, result.fingerprint
    return Seed(name, vector, excerpts, *facts)
