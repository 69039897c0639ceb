"""Cue sheets say where the tracks of a file begin, as rippers of thirty years wrote them."""

from pathlib import Path

import pytest

from earshot.data.files.cue_sheets import cue_track, is_cue_sheet, read_cue_sheet, sheet_path, split_files, track_at

SHEET = """REM GENRE Pop
REM DATE 1997
PERFORMER "Björk"
TITLE "Homogenic"
FILE "CDImage.wav" WAVE
  TRACK 01 AUDIO
    TITLE "Hunter"
    PERFORMER "Björk"
    ISRC GBAAA9700001
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Jóga "live""
    INDEX 00 04:14:00
    INDEX 01 04:15:37
"""


def album(folder: Path, sheet: str | bytes = SHEET, name: str = "Album.cue", audio: str = "CDImage.flac") -> str:
    (folder / audio).touch()
    (folder / name).write_bytes(sheet.encode() if isinstance(sheet, str) else sheet)
    return str(folder / name)


def titles(path: str) -> list[str]:
    return [track.tags["title"] for track in read_cue_sheet(path)]


def test_a_sheet_names_tracks_of_the_file_beside_it(tmp_path):
    sheet = album(tmp_path)
    hunter, joga = read_cue_sheet(sheet)
    of_album = {"album": "Homogenic", "album_artist": "Björk", "artist": "Björk", "date": "1997", "genre": "Pop"}
    assert hunter.tags == of_album | {"title": "Hunter", "track": "1", "isrc": "GBAAA9700001"}
    assert joga.tags == of_album | {"title": 'Jóga "live"', "track": "2"}
    assert (hunter.file, hunter.path) == (str(tmp_path / "CDImage.flac"), f"{sheet}/track0001")
    assert (hunter.begin, hunter.end, joga.begin, joga.end) == (0, pytest.approx(255 + 37 / 75), hunter.end, None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_letters_in_any_encoding(tmp_path, encoding):
    assert titles(album(tmp_path, SHEET.replace("\n", "\r\n").encode(encoding))) == ["Hunter", 'Jóga "live"']


def test_letters_of_other_countries(tmp_path):
    text = 'FILE "a.flac" WAVE\nTRACK 01 AUDIO\nTITLE "Группа крови"\nINDEX 01 00:00:00\nTRACK 02 AUDIO\n'
    text += 'TITLE "Закрой за мной дверь"\nINDEX 01 04:00:00\n'
    assert titles(album(tmp_path, text.encode("cp1251"), audio="a.flac")) == ["Группа крови", "Закрой за мной дверь"]


@pytest.mark.parametrize("written", ["cdimage.FLAC", r"D:\rips\CDImage.wav", "CDImage.ape", "gone.wav"])
def test_few_sheets_were_written_for_the_very_file(tmp_path, written):
    sheet = album(tmp_path, SHEET.replace("CDImage.wav", written), "CDImage.cue")  # or the names of both are equal
    assert {track.file for track in read_cue_sheet(sheet)} == {str(tmp_path / "CDImage.flac")}


def test_a_file_for_each_track_is_not_split(tmp_path):
    (tmp_path / "2.wav").touch()
    two = 'FILE "1.wav" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n'
    two += 'TRACK 02 AUDIO\nINDEX 00 03:00:00\nFILE "2.wav" WAVE\nINDEX 01 00:00:00\n'  # its pause ends the file before
    assert read_cue_sheet(album(tmp_path, two, audio="1.wav")) == []


def test_two_sides_in_two_files(tmp_path):
    (tmp_path / "b.wav").touch()
    track = "TRACK {:02} AUDIO\nINDEX 01 {:02}:00:00\n"
    sides = ['FILE "a.wav" WAVE\n', track.format(1, 0), track.format(2, 3)]
    sides += ['FILE "b.wav" WAVE\n', track.format(3, 0), track.format(4, 2)]
    tracks = read_cue_sheet(album(tmp_path, "".join(sides), audio="a.wav"))
    assert [(Path(track.file).name, track.begin, track.end) for track in tracks] == [
        ("a.wav", 0, 180), ("a.wav", 180, None), ("b.wav", 0, 120), ("b.wav", 120, None)
    ]  # fmt: skip
    assert list(split_files(str(tmp_path))) == [str(tmp_path / "a.wav"), str(tmp_path / "b.wav")]


def test_a_data_track_is_no_music_but_ends_the_one_before(tmp_path):
    text = SHEET + "  TRACK 03 MODE1/2352\n    INDEX 01 09:00:00\n"
    assert [track.end for track in read_cue_sheet(album(tmp_path, text))][1:] == [540]


@pytest.mark.parametrize(
    "sheet",
    [
        "",
        b"\0" * 5_000,
        SHEET.replace("04:15:37", "00:00:00"),  # no track is empty
        SHEET.replace("CDImage", "elsewhere"),
        "TRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 01:00:00\n",
        'FILE "CDImage.flac" WAVE\nTRACK 01 AUDIO\nTRACK 02 AUDIO\nINDEX 01 xx:yy:zz\n',
    ],
)
def test_what_says_nothing_splits_nothing(tmp_path, sheet):
    assert read_cue_sheet(album(tmp_path, sheet)) == []


def test_the_first_of_two_sheets_counts(tmp_path):
    album(tmp_path, SHEET.replace("Hunter", "Other"), "b.cue")
    first = album(tmp_path, name="a.cue")
    (split,) = split_files(str(tmp_path)).values()
    assert {sheet_path(track.path) for track in split} == {first}


def test_a_track_is_found_by_its_path_and_by_its_moment(tmp_path):
    sheet = album(tmp_path)
    tracks = read_cue_sheet(sheet)
    assert cue_track(tracks[1].path) == tracks[1] and cue_track(str(tmp_path / "CDImage.flac")) is None
    with pytest.raises(ValueError, match=r"Album\.cue names no such track any more"):
        cue_track(f"{sheet}/track0003")
    (tmp_path / "Folder.cue").mkdir()
    assert cue_track(str(tmp_path / "Folder.cue" / "track0001")) is None
    file = str(tmp_path / "CDImage.flac")
    assert track_at(file, 255.9) == tracks[1].path and track_at(file, 100) == file
    Path(sheet).unlink()
    with pytest.raises(FileNotFoundError):
        cue_track(tracks[1].path)


def test_shadows_of_a_mac_are_no_sheets():
    assert [is_cue_sheet(name) for name in ("a.cue", "A.CUE", "._a.cue", "a.cue.txt")] == [True, True, False, False]
