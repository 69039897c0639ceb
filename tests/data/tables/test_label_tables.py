"""Tables of labels as people keep them."""

import pytest

from earshot.data.tables.label_tables import read_labels


def table(folder, text, name="tracks.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_with_the_usual_names(tmp_path):
    path = table(
        tmp_path, "file,artist_id,artist,title,genres,mood_quadrant\na.mp3,7,Ann,One,Rock; Pop,Q1\nb.mp3,8,,Two,,Q2\n"
    )
    labels = read_labels(path)
    assert labels.files == ["a.mp3", "b.mp3"]
    assert labels.artists == ["Ann", None]  # the name, not the id
    assert labels.labels == {
        "genres": [frozenset({"rock", "pop"}), frozenset()],
        "mood_quadrant": [frozenset({"q1"}), frozenset({"q2"})],
    }
    assert labels.twins is None
    assert repr(labels) == "<LabelTable 2 files, labels genres, mood_quadrant>"


def test_columns_and_twins_by_name(tmp_path):
    path = table(tmp_path, "path\tera\tpair\na.ogg\told\tb.ogg\nb.ogg\tnew\t\n", "tracks.tsv")
    labels = read_labels(path, ["era"], "pair")
    assert labels.labels == {"era": [frozenset({"old"}), frozenset({"new"})]}
    assert labels.twins == ["b.ogg", None] and labels.artists is None
    assert read_labels(path).labels == {}


def test_a_row_about_no_file_is_left_out(tmp_path):
    labels = read_labels(table(tmp_path, "file,genre\n,Rock\nb.mp3,Pop\n"))
    assert labels.files == ["b.mp3"] and labels.labels == {"genre": [frozenset({"pop"})]}


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("name,genre\na,Rock\n", {}, "tracks.csv has no column file or path; it has name, genre"),
        ("file,genre\na,Rock\n", {"columns": ["mood"]}, "tracks.csv has no column 'mood'; it has file, genre"),
        ("file,genre\na,Rock\n", {"twins": "pair"}, "tracks.csv has no column 'pair'; it has file, genre"),
    ],
)
def test_what_is_missing_is_named(tmp_path, text, options, words):
    with pytest.raises(ValueError, match=words):
        read_labels(table(tmp_path, text), **options)


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"none\.csv cannot be read"):
        read_labels(tmp_path / "none.csv")
