"""Addresses of files, as desktops and players of several systems write them."""

import os

import pytest

from earshot.data.files.file_addresses import is_absolute, is_address, path_of_address, path_readings, percent_decoded


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("file:///music/a%20b.mp3", "/music/a b.mp3"),
        ("FILE:///music/100%25%20%231.mp3", "/music/100% #1.mp3"),
        ("file://localhost/music/1.mp3", "/music/1.mp3"),
        ("file:/music/1.mp3", "/music/1.mp3"),
        ("file:////music/1.mp3", "/music/1.mp3"),
        ("file:///C:/Music/1.mp3", "C:/Music/1.mp3"),
        ("file:///C|/Music/1.mp3", "C:/Music/1.mp3"),
        ("file://C:\\Music\\1.mp3", "C:/Music/1.mp3"),
        ("file://nas/share/1.mp3", "//nas/share/1.mp3"),
        ("file:1.mp3", "1.mp3"),
        ("file://nothing", ""),
        ("file:///caf%E9.mp3", os.fsdecode(b"/caf\xe9.mp3")),
        ("/music/file:1.mp3", None),
        ("profile:///x", None),
        ("", None),
    ],
)
def test_addresses_of_files(address, path):
    assert path_of_address(address) == path


@pytest.mark.parametrize("text", ["http://a/b", "https://a", "mms:/x", "spotify:/x", "file:x", "smb://nas/x"])
def test_addresses(text):
    assert is_address(text)


@pytest.mark.parametrize(
    "text", ["C:/Music/1.mp3", "C:\\Music", "/a://b", "Re: Stacks", "spotify:track:1", "4:20/a", ""]
)
def test_what_is_no_address(text):
    assert not is_address(text)


def test_what_is_not_encoded_stays():
    assert percent_decoded("100% Sigur%20Rós %zz") == "100% Sigur Rós %zz"


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("Air/1.mp3", ["Air/1.mp3"]),
        ("C:\\M\\1.mp3", ["C:/M/1.mp3", "C:\\M\\1.mp3"]),
        ("\\\\nas\\1.mp3", ["//nas/1.mp3", "\\\\nas\\1.mp3"]),
        ("100%25.mp3", ["100%25.mp3", "100%.mp3"]),
        ("100%.mp3", ["100%.mp3"]),
        ("file:/m/a%20b.mp3", ["/m/a b.mp3"]),
        ("mms://radio/1", []),
        ("smb://ana@NAS/Music/a%20b.mp3", ["//ana@NAS/Music/a b.mp3"]),
    ],
)
def test_readings_of_a_path(text, readings):
    assert path_readings(text) == readings


def test_absolute_paths():
    assert [is_absolute(path) for path in ("/m", "C:/m", "//nas/m", "m", "C:m", "ab:/m")] == [True] * 3 + [False] * 3
