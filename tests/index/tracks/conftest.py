"""Folders of dummy files, and a library to scan them into."""

import pytest

from scanned_folders import Folders


@pytest.fixture
def folders(tmp_path):
    folders = Folders(tmp_path)
    with folders.library:
        yield folders
