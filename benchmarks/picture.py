"""Draw the README's picture: the demo world's tracks, placed by sound alone and coloured by genre.

cli demo && python benchmarks/picture.py demo/library .github/world.svg
"""

import sys
from html import escape
from pathlib import Path

import numpy as np

from earshot.index.library import Library
from earshot.index.vectors.spaces import read_vectors

WIDTH, HEIGHT, MARGIN = 760, 360, 30  # pixels
COLOURS = ("#d1495b", "#2e86ab", "#e0a030", "#4f9d69", "#7d5ba6", "#555555")


def flattened(vectors: np.ndarray) -> np.ndarray:
    """The first two principal components of the vectors, shape (n, 2), mostly within 0 and 1."""
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    points = centred @ axes[:2].T
    low, high = np.percentile(points, [2, 98], axis=0)
    return np.clip((points - low) / (high - low), -0.04, 1.04)


def draw(library: Library) -> str:
    ids, vectors = read_vectors(library, "audio")
    points = flattened(vectors)
    rows = dict(library.db.execute("SELECT id, artist || ' - ' || title FROM tracks WHERE status = 'embedded'"))
    genres = dict(library.db.execute("SELECT id, genre FROM tracks WHERE status = 'embedded'"))
    names = sorted(set(genres.values()))
    marks = []
    for (x, y), track_id in zip(points, ids.all_ids.tolist(), strict=True):
        left, top = MARGIN + x * (WIDTH - 200 - 2 * MARGIN), MARGIN + y * (HEIGHT - 2 * MARGIN)
        colour = COLOURS[names.index(genres[track_id])]
        marks.append(
            f'<circle cx="{left:.1f}" cy="{top:.1f}" r="6" fill="{colour}" fill-opacity="0.8">'
            f"<title>{escape(rows[track_id])}</title></circle>"
        )
    for number, name in enumerate(names):
        top = MARGIN + 26 * number + 10
        marks.append(f'<circle cx="{WIDTH - 170}" cy="{top}" r="6" fill="{COLOURS[number]}"/>')
        marks.append(f'<text x="{WIDTH - 156}" y="{top + 5}">{escape(name)}</text>')
    note = ("each dot a track,", "placed by sound alone", "(two principal axes", "of its vector)")
    for number, line in enumerate(note):
        marks.append(f'<text x="{WIDTH - 176}" y="{HEIGHT - 92 + 19 * number}" fill="#777">{line}</text>')
    style = 'font-family="sans-serif" font-size="14" fill="#333"'
    background = f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#fbfaf7"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" {style}>'
    return "\n".join([head, background, *marks, "</svg>"]) + "\n"


if __name__ == "__main__":
    with Library.open(Path(sys.argv[1])) as opened:
        Path(sys.argv[2]).write_text(draw(opened), encoding="utf-8")
