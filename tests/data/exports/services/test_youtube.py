"""YouTube Music's part of a Google Takeout as it is read."""

import json

import pytest

from earshot.data.exports.listen_sources import find_sources
from listen_exports import SECOND, read


def watched(title, channel="Air - Topic", header="YouTube Music", **fields):
    return {
        "header": header, "title": title, "titleUrl": "https://www.youtube.com/watch?v=-e8Nfjl_AKk",
        "subtitles": [{"name": channel, "url": "https://www.youtube.com/channel/UC-oXNBXG4lHLc7cNuK6mwPQ"}],
        "time": "2009-05-04T23:08:57.784Z", "products": ["YouTube"], "activityControls": ["YouTube watch history"],
        **fields,
    }  # fmt: skip


def read_entries(tmp_path, *entries, listener=None):
    (tmp_path / "watch-history.json").write_text(json.dumps(entries, indent=2, ensure_ascii=False), encoding="utf-8")
    return read(tmp_path / "watch-history.json", "user", "artist", "title", "time_s", listener=listener)


def test_songs_are_read_and_other_videos_left_out(tmp_path):
    ad = watched("Watched Soap", "Soap Inc", details=[{"name": "From Google Ads"}])
    removed = {
        "header": "YouTube Music",
        "title": "Watched a video that has been removed",
        "time": "2009-05-04T23:08:57Z",
    }
    kept = [watched("Watched Sexy Boy"), watched("Watched One", header="YouTube")]
    others = [watched("Watched a cat", "Somebody", header="YouTube"), ad, removed, watched("Watched Two", time="soon")]
    assert read_entries(tmp_path, *kept, *others) == (
        "youtube-music",
        [("me", "Air", "Sexy Boy", SECOND), ("me", "Air", "One", SECOND)],
        {
            "malformed": 1, "videos that are no music": 1, "advertisements": 1,
            "visits, and videos that were taken down": 1,
        },
    )  # fmt: skip
    assert read_entries(tmp_path, *kept, listener="ana")[1][0][0] == "ana"


@pytest.mark.parametrize(
    ("title", "channel", "artist", "song"),
    [
        ("Air - Sexy Boy (Official Video)", "AirVEVO", "Air", "Sexy Boy"),
        ("Sexy Boy [Official Music Video]", "AirVEVO", "Air", "Sexy Boy"),
        ("Song (Live)", "Somebody", "Somebody", "Song (Live)"),
        ("Song", "Release - Topic", None, "Song"),
    ],
)
def test_a_film_of_a_song_is_the_song(tmp_path, title, channel, artist, song):
    assert read_entries(tmp_path, watched(f"Watched {title}", channel))[1] == [("me", artist, song, SECOND)]


def test_a_title_made_to_take_hours_takes_none(tmp_path):
    title = "(" * 2_000 + "hd " * 600  # each bracket would be searched from each word on
    assert read_entries(tmp_path, watched(f"Watched {title}", "Ana"))[1] == [("me", "Ana", title.strip(), SECOND)]


@pytest.mark.parametrize(
    "sentence",
    [
        "A visionné {}",
        "Obejrzano: {}",
        "{} を視聴しました",
        "已觀看 {}",
        "{}을(를) 시청했습니다",
        "Du hast {} angesehen",
    ],
)
def test_well_known_sentences_are_known_of_one_title(tmp_path, sentence):
    assert read_entries(tmp_path, watched(sentence.format("Viuva")))[1] == [("me", "Air", "Viuva", SECOND)]


def test_a_few_titles_of_an_unknown_language_are_told(tmp_path):
    path = tmp_path / "watch-history.json"
    path.write_text(json.dumps([watched("Ha mirat One"), watched("Viuva")]))
    (batch,) = find_sources(path).sources[0].open().batches
    assert batch.notes == (
        "titles in a language that is not known here are read as they stand: 2, such as 'Ha mirat One'",
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "Watched {}",
        "{} angesehen",
        "Vous avez regardé {}",
        'Вы посмотрели видео "{}"',
        "「{}」を視聴しました",
        "{} izlendi",
    ],
)
def test_the_sentence_around_a_title_is_of_any_language(tmp_path, sentence):
    titles = ["Alpha", "Beta Song", "Gamma", "Delta!", "Epsilon", "Zeta", "Eta (Live)", "Theta", "Iota", "Kappa"]
    _, events, _ = read_entries(tmp_path, *(watched(sentence.format(title)) for title in titles))
    assert [title for _, _, title, _ in events] == titles
