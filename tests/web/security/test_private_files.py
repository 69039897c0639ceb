"""Secrets in files that nobody else reads."""

import pytest

from earshot.web.security.private_files import read_private, write_private


def test_what_is_written_is_for_one_user(tmp_path):
    path = tmp_path / "new" / "secret"
    assert read_private(path, 100) is None
    write_private(path, "one\n")
    write_private(path, "björk\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert (read_private(path, 100), read_private(path, 2)) == ("björk\n".encode(), b"bj")
    assert [one.name for one in path.parent.iterdir()] == ["secret"]


def test_what_others_can_read_is_refused(tmp_path):
    path = tmp_path / "secret"
    write_private(path, "one")
    path.chmod(0o640)
    with pytest.raises(ValueError, match=r"can be read by others \(mode 0640\); type `chmod 600`"):
        read_private(path, 100)
