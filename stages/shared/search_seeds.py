"""Seeds of a similarity search: tracks of the library, and files outside of it, which are embedded on the spot."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from earshot.audio.config import DecodeConfig
from earshot.data.files.path_encoding import escaped, shown_path
from earshot.data.files.regular_files import irregular_kind
from earshot.index.graphs.diffused_vectors import centre_vector
from earshot.index.library import Library
from earshot.index.runs import current_fingerprint
from earshot.index.search.same_recording import ExcerptVectors, read_excerpts
from earshot.index.search.similarity_search import Seed
from earshot.index.tracks.track_lookup import TrackRow, find_track
from earshot.index.tracks.track_store import file_title
from earshot.index.vectors.spaces import AUDIO, DIFFUSED, TOWER, read_vector, sound_space
from earshot.stages.shared.current_encoder import current_checkpoint, load_encoder
from earshot.stages.shared.reports import StageError
from earshot.stages.shared.unread_files import reinstall_advice


@dataclass(frozen=True)
class TrackSeeds:
    """One track as a seed in each space that has a vector of it."""

    text: str  # that the track was found by
    by_space: dict[str, Seed] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return next(iter(self.by_space.values())).name


def find_seeds(library: Library, text: str, spaces: Sequence[str]) -> TrackSeeds:
    """Find the track of a path, an id or words of its title, artist and album, with its vector in each of the spaces.

    Raises
    ------
    AmbiguousError
        The words fit several tracks.
    StageError
        No track fits, or none of the spaces has a vector of it.
    """
    row = find_track(library, text, catalog=tuple(spaces) != (AUDIO,))
    seeds = TrackSeeds(text)
    is_file = row is None and os.path.isfile(text)
    for space in spaces:
        if is_file and space in (AUDIO, DIFFUSED):
            seeds.by_space[space] = _embedded_file(library, text, space)
        elif row is not None and (vector := read_vector(library, space, row.id)) is not None:
            facts = row.duration, row.artist, row.title, row.content_hash, row.id
            seeds.by_space[space] = Seed(row.name, vector, read_excerpts(library, row.id), *facts)
    if not seeds.by_space:
        if row is None and not is_file:
            row = find_track(library, text, catalog=True)
        raise StageError(_why_no_seed(library, row, text, spaces, is_file=is_file))
    return seeds


def _why_no_seed(library: Library, row: TrackRow | None, text: str, spaces: Sequence[str], *, is_file: bool) -> str:
    """The reason why nothing can be searched from a track, and what to type."""
    if is_file and TOWER in spaces:
        return f"{shown_path(text)} is not in the library.\n\nRun `cli embed-audio` on it first."
    if is_file:
        return (
            f"{shown_path(text)} is not in the library, and cannot be heard as {spaces[0]} hears."
            "\n\nAsk by its sound: --by audio."
        )
    if row is None and os.path.exists(text):
        return (
            f"{shown_path(text)} is {irregular_kind(os.stat(text))}, not a music file."
            "\n\nGive the path of one, or its title."
        )
    if row is None:
        return f"No track and no file answers to {text!r}.\n\nTry fewer words, or `cli embed-audio` its folder first."
    named = f"{escaped(row.name)} (track {row.id})"
    if tuple(spaces) == (AUDIO,):
        other = sound_space(library)
        other = TOWER if other in (None, AUDIO) else other
        return f"{named} was never heard.\n\nRun `cli embed-audio` on its folder, or ask otherwise: --by {other}."
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
    from earshot.graph.diffusion.diffusion import centred

    checkpoint, fingerprint = current_checkpoint(library), current_fingerprint(library)
    if fingerprint is None:
        raise StageError(
            f"No track here was heard yet: {shown_path(path)} cannot be compared."
            "\n\nRun `cli embed-audio FOLDER` first."
        )
    if fingerprint != checkpoint.fingerprint:
        raise StageError(
            "The library's vectors belong to an older encoder, so a new file cannot be compared with them.\n\n"
            "Run `cli embed-audio` first: it hears the library again with the present one."
        )
    absolute = str(Path(path).absolute())
    ear = load_encoder(checkpoint, "cpu")
    try:  # hashed, so that the same content in the library is known for a copy
        (result,) = embed_files([absolute], ear, DecodeConfig(workers=1), is_known=lambda path, content_hash: False)
    except WorkersLostError as error:
        raise StageError(f"{shown_path(path)} cannot be heard: {error}. Is memory short?") from None
    if isinstance(result, EmbedFailure):
        fix = f"\n\n{reinstall_advice()}" if result.cause is Cause.PROGRAM else ""
        raise StageError(f"{shown_path(path)} cannot be heard: {result.reason}.{fix}")
    assert isinstance(result, EmbeddedTrack)
    decoded, artist = result.decoded, result.decoded.tags.artist
    title = decoded.tags.title or file_title(absolute)
    name = f"{artist} - {title}" if artist else title
    excerpts, vector = ExcerptVectors(result.excerpt_vectors, decoded.starts), result.vector
    if space == DIFFUSED:
        vector = centred(vector[None], centre_vector(library, len(vector)))[0]
    return Seed(name, vector, excerpts, decoded.duration, artist, title, result.content_hash)
