"""Passwords: hashed with a salt, and kept where only their owner reads."""

import os
import stat

import pytest

from earshot.web.security.passwords import hash_password, is_password, password_file, read_hash, store_hash


def test_only_the_password_fits():
    hashed = hash_password("correct horse")
    assert is_password("correct horse", hashed)
    assert not is_password("correct horsf", hashed) and not is_password("", hashed)
    assert "correct" not in hashed and hashed != hash_password("correct horse")


def test_a_comparison_in_constant_time_decides(monkeypatch):
    hashed, compared = hash_password("correct horse"), []
    monkeypatch.setattr("hmac.compare_digest", lambda *both: compared.append(both) or True)
    assert is_password("wrong horse", hashed)
    ((given, known),) = compared
    assert len(given) == len(known) == 32 and given != known and hashed.endswith(known.hex())


@pytest.mark.parametrize("known", ["", "correct horse", "scrypt$$", "scrypt$00$00"])
def test_what_is_no_hash_fits_nothing(known):
    assert not is_password("correct horse", known) and not is_password("", known)


def test_a_short_one_is_refused():
    with pytest.raises(ValueError, match="a password of 7 letters; it has at least 8"):
        hash_password("1234567")


def test_the_file_is_its_owners(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path, hashed = password_file(), hash_password("correct horse")
    assert path == tmp_path / "earshot" / "password" and read_hash(path) is None
    before = os.umask(0)
    try:
        store_hash(path, hashed)
        store_hash(path, hashed)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and read_hash(path) == hashed
    path.chmod(0o640)
    with pytest.raises(ValueError, match=r"can be read by others \(mode 0640\)"):
        read_hash(path)
    path.chmod(0o600)
    path.write_text("correct horse\n")
    with pytest.raises(ValueError, match="holds no hash"):
        read_hash(path)
