"""Tracks that are one recording by their sound, and tracks that only seem so."""

import numpy as np
import pytest

from earshot.data.fingerprint import SILENT, WORD_SECONDS, Fingerprint
from earshot.index.recordings.find_copies import Sound, agreement_if_same, find_copies, read_sounds
from fingerprints import invented, worn
from library_world import add, at, heard, open_library

SONG = Sound(invented(1), 180.0, "Band", "Song")


def same(fingerprint, duration=180.0, artist=None, title=None):
    return agreement_if_same(SONG, Sound(fingerprint, duration, artist, title))


def test_equal_sound_is_one_recording():
    assert same(invented(1)) == 1 and same(invented(2)) is None


@pytest.mark.parametrize(("n_bits", "is_same"), [(8, True), (9, False)])
def test_how_much_may_be_worn(n_bits, is_same):
    """276 words need 0.42 + 0.9 / 16.6 = 0.474, with equal names 0.414; 8 wrong bits leave 0.5, 9 leave 0.4375."""
    assert (same(worn(invented(1), n_bits)) is not None) == is_same
    assert same(worn(invented(1), 9), artist="The Band", title="Song (2009 Remaster)") is not None
    assert same(worn(invented(1), 9), artist="Guest; Band", title="Song") is not None
    assert same(worn(invented(1), 10), artist="Band", title="Song") is None  # names alone never make one


@pytest.mark.parametrize("names", [("Unknown Artist", "Song"), ("Band", "Track 01"), ("Various Artists", "Track 01")])
def test_names_of_nobody_help_nothing(names):
    one, other = (Sound(fingerprint, 180.0, *names) for fingerprint in (invented(1), worn(invented(1), 9)))
    assert agreement_if_same(one, other) is None


@pytest.mark.parametrize(("louder", "is_same"), [(3, True), (8, False)])
def test_a_remix_keeps_the_words_and_not_the_levels(louder, is_same):
    assert (same(worn(invented(1), 2, louder=louder)) is not None) == is_same


@pytest.mark.parametrize(
    ("title", "n_bits", "is_same"),
    [("Song (Live)", 4, False), ("Song (Live)", 2, True), ("Song - Club Remix", 4, False), ("Songs", 4, True)],
)
def test_a_title_of_another_version_is_believed_unless_the_sound_is_equal(title, n_bits, is_same):
    assert (same(worn(invented(1), n_bits), artist="Band", title=title) is not None) == is_same


@pytest.mark.parametrize(("lag", "is_same"), [(50, True), (80, False)])
def test_a_lead_in_of_five_seconds(lag, is_same):
    """The other file begins with sound that the song does not have: 4.8 s of it, or 7.7 s."""
    song, more = invented(1), invented(2)
    later = worn(song, 1, lag=lag * WORD_SECONDS)
    words, levels = [more.words[0], *later.words], [more.levels[0], *later.levels]
    starts = np.concatenate([[0], later.starts]).astype(np.float32)
    assert (same(Fingerprint(starts, words, levels), 180 + lag * WORD_SECONDS) is not None) == is_same


def test_an_edit_that_lasts_a_quarter_longer():
    """It holds all of the song, and then an excerpt that the song has not."""
    song, more = invented(1), invented(2)
    words, levels = [*song.words[:5], more.words[0]], [*song.levels[:5], more.levels[0]]
    starts = song.starts.copy()
    starts[5] = 215
    longer = Fingerprint(starts, words, levels)
    assert same(longer, 225.0) is None
    silent = Fingerprint(starts, [*song.words[:5], more.words[0] * 0 + SILENT], levels)
    assert same(silent, 225.0) == 1  # silence around


@pytest.mark.parametrize(("n_bits", "is_same"), [(0, True), (1, False)])
def test_of_a_sound_that_stands_still_only_an_equal_one_is_the_same(n_bits, is_same):
    chord = Fingerprint(
        SONG.fingerprint.starts, [np.full_like(w, w[0]) for w in SONG.fingerprint.words], SONG.fingerprint.levels
    )
    other = Sound(worn(chord, n_bits), 180.0)
    assert (agreement_if_same(Sound(chord, 180.0), other) is not None) == is_same


def test_every_new_track_is_compared_with_all(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        sounds = [invented(1), worn(invented(1), 3), invented(2), worn(invented(2), 3), invented(3)]
        tracks = [heard(f"/{n}.mp3", at(n), fingerprint=sound.to_bytes()) for n, sound in enumerate(sounds)]
        add(library, head, tracks[:3])
        assert list(find_copies(library)) == [(3, 3)]
        assert pairs(library) == [(1, 2, "sound", 0.812)]
        assert list(find_copies(library)) == []
        add(library, head, tracks[3:])
        assert list(find_copies(library)) == [(2, 2)]
        assert pairs(library) == [(1, 2, "sound", 0.812), (3, 4, "sound", 0.812)]


def test_part_by_part_all_are_compared(tmp_path, monkeypatch):
    monkeypatch.setattr("earshot.index.recordings.find_copies._NEW_AT_ONCE", 2)
    library, head = open_library(tmp_path)
    with library:
        sounds = [invented(seed).to_bytes() for seed in (1, 2, 2, 3, 1)]
        add(library, head, [heard(f"/{n}.mp3", at(n), fingerprint=sound) for n, sound in enumerate(sounds)])
        assert list(find_copies(library)) == [(2, 5), (4, 5), (5, 5)]
        assert [pair[:2] for pair in pairs(library)] == [(1, 5), (2, 3)]


@pytest.mark.parametrize("facts", [{"content_hash": "new"}, {}])  # other music, or the same that is heard otherwise
def test_other_sound_under_the_old_path_is_no_copy_any_more(tmp_path, facts):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(path, at(0), fingerprint=invented(1).to_bytes()) for path in ("/a.mp3", "/b.mp3")])
        list(find_copies(library))
        assert len(pairs(library)) == 1
        add(library, head, [heard("/b.mp3", at(0), fingerprint=invented(2).to_bytes(), **facts)])
        list(find_copies(library))
        assert pairs(library) == []


def test_a_damaged_fingerprint_is_skipped(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(
            library, head, [heard(f"/{n}.mp3", at(n), fingerprint=blob) for n, blob in enumerate((b"\x01", b"\x09abc"))]
        )
        assert read_sounds(library, [1, 2, 3]) == {} and list(find_copies(library)) == [(2, 2)]


def pairs(library):
    return library.db.execute("SELECT * FROM same_recording ORDER BY track_id").fetchall()
