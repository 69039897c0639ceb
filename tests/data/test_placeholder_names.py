"""Names that programs write where they know none."""

import pytest

from earshot.data.placeholder_names import is_no_artist, is_no_title, is_unknown, is_various


@pytest.mark.parametrize(
    "name",
    ["Unknown", "UNKNOWN ARTIST", "<unknown>", "Unbekannter Interpret", "Artiste inconnu", "Неизвестный исполнитель",
     "不明なアーティスト", "未知艺术家", "알 수 없는 아티스트", " unknown  album ", "Ｕｎｋｎｏｗｎ"],
)  # fmt: skip
def test_nobody(name):
    assert is_unknown(name) and is_no_artist(name) and not is_various(name)


@pytest.mark.parametrize(
    "name", ["Various", "various artists", "V.A.", "VA", "V/A", "Verschiedene Interpreten", "群星", "Сборник", "AA.VV."]
)
def test_everybody(name):
    assert is_various(name) and is_no_artist(name) and not is_unknown(name)


@pytest.mark.parametrize(
    "name",
    [
        "The Unknown",
        "Unknown Mortal Orchestra",
        "Various Production",
        "Vanessa",
        "Nobody",
        "!!!",
        "VAST",
        "None",
        "Untitled",
    ],
)
def test_somebody(name):
    assert not is_no_artist(name)


@pytest.mark.parametrize(
    "title",
    ["Track 01", "track1", "Audio Track 12", "AudioTrack 03", "01 Track 01", "03 - Titel 3", "Piste 7", "Трек 5",
     "トラック 1", "Untitled", "Unknown", "Pista #4", ""],
)  # fmt: skip
def test_numbers_are_no_titles(title):
    assert is_no_title(title)


@pytest.mark.parametrize(
    "title", ["Tracks of My Tears", "Track 01 (Remix)", "99", "7", "Title Fight", "Title", "Spår av dig", "?"]
)
def test_titles(title):
    assert not is_no_title(title)
