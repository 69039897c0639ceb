"""Maps from Python: a picture, a page, and what is refused before the work."""

import shutil
from pathlib import Path

import pytest

import earshot.stages.map as map_stage
from earshot.graph.drawing.map_colors import color_by
from earshot.index.library import Library
from earshot.stages.map import MapReport, draw_map
from earshot.stages.shared.reports import Note


@pytest.fixture
def library(heard_library):
    with Library.open(heard_library) as opened:
        yield opened


def test_a_picture_and_a_page_of_a_sample(library, tmp_path):
    note, report = draw_map(library, tmp_path / "x.png", tmp_path / "x.html", color="artist", limit=5)
    assert note == Note("placing 5 tracks of 18, a sample (--limit) ...")
    title, paths = "5 tracks of 18 by audio, colored by artist", [tmp_path / "x.png", tmp_path / "x.html"]
    assert report == MapReport(title, paths, is_colored=True)
    assert all(path.stat().st_size > 1_000 for path in paths)


@pytest.mark.parametrize(("name", "error"), [("x.bmp", ValueError), ("nowhere/x.png", FileNotFoundError)])
def test_a_picture_that_cannot_be_written_costs_no_work(library, tmp_path, name, error):
    with pytest.raises(error):
        next(draw_map(library, tmp_path / name))


def test_guests_and_nobody_have_no_color_of_their_own(heard_library, tmp_path, monkeypatch):
    labels = []
    monkeypatch.setattr(map_stage, "color_by", lambda texts, **_: labels.extend(texts) or color_by(texts))
    names = ["Ann feat. Bob", "Ann; Cleo", "Unknown Artist"]
    with Library.open_to_write(Path(shutil.copytree(heard_library, tmp_path / "library"))) as library:
        ids = library.ids("SELECT id FROM tracks WHERE status = 'embedded' LIMIT 3").tolist()
        for track_id, name in zip(ids, names, strict=True):
            library.db.execute("UPDATE tracks SET artist = ?, album = 'Unknown Album' WHERE id = ?", [name, track_id])
        list(draw_map(library, tmp_path / "x.png", color="artist"))
        list(draw_map(library, tmp_path / "x.png", color="album"))
    assert labels.count("Ann") == 2 and "Unknown Artist" not in labels and "Unknown Album" not in labels
