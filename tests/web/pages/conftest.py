"""Browsers that are signed in: of the library of the session, read only, and of a copy that a test may change."""

import shutil

import pytest

from earshot.index.library import Library
from web_client import signed_in


@pytest.fixture(scope="module")
def client(heard_library):
    with signed_in(heard_library) as client:
        client.headers["Accept"] = "text/html"
        yield client


@pytest.fixture
def folder(heard_library, tmp_path):
    return shutil.copytree(heard_library, tmp_path / "library")


@pytest.fixture
def own_client(folder):
    with signed_in(folder) as client:
        client.headers["Accept"] = "text/html"
        yield client


@pytest.fixture(scope="module")
def ids(heard_library):
    """The ids of the tracks of either library."""
    with Library.open(heard_library) as library:
        return library.column("SELECT id FROM tracks WHERE status = 'embedded' ORDER BY path")
