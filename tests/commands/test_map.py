"""cli map as a user meets it."""

import json
import re

import matplotlib.image
import pytest

from commands_typed import invoke
from library_world import open_library


@pytest.fixture
def run(heard_library, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments, library=heard_library, code=0):
        return invoke(library, "map", *arguments, code=code)

    return run


def page_data(path):
    return json.loads(re.search(r"^const data = (.*);$", path.read_text("utf-8"), re.MULTILINE)[1])


def test_a_picture_and_a_page(run, world, tmp_path):
    result = run("--out", "x.png", "--html", "x.html", "--color", "artist")
    assert result.stdout == (
        "x.png written: 18 tracks by audio, colored by artist\nx.html written: 18 tracks by audio, colored by artist\n"
    )
    assert matplotlib.image.imread(tmp_path / "x.png").shape[:2] == (990, 1320)
    data = page_data(tmp_path / "x.html")
    assert len(data["id"]) == len(set(data["id"])) == 18
    assert {f"{artist.name} (3)" for artist in world.artists} == set(data["legend"])
    first = next(name for name in data["name"] if name.endswith(f" - {world.tracks[0].title}"))
    assert first.startswith(world.artists[world.tracks[0].artist_row].name)


def test_it_draws_map_png_unless_told_otherwise(run, tmp_path):
    run()
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]
    run("--html", "only.html", "--limit", 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.png", "only.html"]


def test_a_sample_is_called_one(run, tmp_path):
    result = run("--html", "x.html", "--limit", 5)
    assert result.stderr == "placing 5 tracks of 18, a sample (--limit) ...\n"
    assert result.stdout == "x.html written: 5 tracks of 18 by audio, colored by genre\n"
    assert len(page_data(tmp_path / "x.html")["id"]) == 5


def test_the_same_seed_is_the_same_file(run, tmp_path):
    pages = []
    for seed in (1, 1, 2):
        run("--html", "x.html", "--seed", seed)
        pages.append((tmp_path / "x.html").read_bytes())
    assert pages[0] == pages[1] != pages[2]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--space", "tower"], 1, "Run `cli train-tower`"),
        (["--space", "diffused"], 1, "Run `cli diffuse-audio` first."),
        (["--space", "sound"], 1, "There is no space 'sound'; this library has audio."),
        (["--out", "none/x.png"], 1, "none: No such file or directory."),
        (["--html", "none/x.html"], 1, "none: No such file or directory."),
        (["--out", "x.doc"], 1, "x.doc ends in no kind of picture"),
        (["--limit", 0], 2, "0 is not in the range x>=1"),
    ],
)
def test_mistakes_get_one_clear_message(run, tmp_path, arguments, code, words):
    result = run(*arguments, code=code)
    assert words in result.stderr
    assert "placing" not in result.stderr, "and are told before the work"
    assert list(tmp_path.iterdir()) == []


def test_an_empty_library_says_what_to_type(run, run_cli, tmp_path):
    open_library(tmp_path / "empty")[0].close()
    result = run_cli(tmp_path / "empty", "map")
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "No track in this library has a vector yet.\n\nRun `cli embed-audio FOLDER` first." in result.stderr
