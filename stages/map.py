"""Draw the tracks of a vector space on one sheet, laid out by UMAP."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from earshot.data.name_matching import album_key, artist_names
from earshot.graph.drawing.map_colors import color_by
from earshot.graph.drawing.map_page import write_map_page
from earshot.graph.drawing.map_picture import check_picture_format
from earshot.graph.drawing.map_picture import draw_map as draw_picture
from earshot.graph.drawing.umap_layout import map_layout
from earshot.index.library import Library
from earshot.index.recordings.recordings import tracks_to_show
from earshot.index.tracks.track_lookup import TrackRow, sample_tracks
from earshot.index.vectors.spaces import AUDIO, require_vectors, spaces
from earshot.stages.shared.reports import Note, StageError


@dataclass(frozen=True)
class MapReport:
    """A map that was written."""

    title: str
    paths: Sequence[Path]
    is_colored: bool  # some track has a tag for the color


def draw_map(
    library: Library,
    picture: Path | None = None,
    page: Path | None = None,
    *,
    space: str = AUDIO,
    color: str = "genre",
    limit: int = 50_000,
    seed: int = 0,
) -> Generator[Note | MapReport, None, None]:
    """Draw all tracks of a space as a picture, as a page for a browser, or as both; options are those of `cli map`.

    Raises
    ------
    StageError, LibraryError
        No track has a vector in the space.
    ValueError, OSError
        A file cannot be written, or its format is unknown: found out before the work where possible.
    """
    paths = [path for path in (picture, page) if path is not None]
    for path in paths:
        path.absolute().parent.resolve(strict=True)
    if picture is not None:
        check_picture_format(picture)
    require_vectors(library, space)
    tracks, vectors, n_all = sample_tracks(library, space, limit, seed)
    n_tracks = len(tracks)
    shown = tracks_to_show(library, [track.id for track in tracks])
    tracks = [shown[track.id][0] for track in tracks]
    if not n_tracks:
        names = ", ".join(spaces(library)) or "none"
        raise StageError(f"No track has a vector in the space {space!r}; this library has {names}.")
    of_all = f" of {n_all:,}" if n_tracks < n_all else ""
    yield Note(f"placing {n_tracks:,} tracks{of_all}{', a sample (--limit)' if of_all else ''} ...")
    places = map_layout(vectors, seed=seed)
    coloring = color_by([_label(track, color) for track in tracks], several=color == "genre")
    title = f"{n_tracks:,} tracks{of_all} by {space}, colored by {color}"
    if picture is not None:
        draw_picture(picture, places, coloring, title=title)
    if page is not None:
        write_map_page(
            page, places, coloring, title=title,
            ids=[track.id for track in tracks],
            names=[track.name for track in tracks],
            details=[" · ".join(filter(None, (track.album, track.genre))) for track in tracks],
        )  # fmt: skip
    yield MapReport(title, paths, bool(coloring.names))


def _label(track: TrackRow, color: str) -> str | None:
    """The tag that colors a track: of several artists the first without guests; names of nobody are no label."""
    text: str | None = getattr(track, color)
    if color == "artist":
        return next(iter(artist_names(text or "")), None)
    return None if color == "album" and not album_key(text) else text
