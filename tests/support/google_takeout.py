"""A Takeout of Google Play Music, shortened."""

from pathlib import Path

_HEADER = "Title,Album,Artist,Duration (ms),Rating,Play Count,Removed"
_ROOT = "Takeout/Google Play Music"


def _track(*fields: str) -> str:
    return ",".join(f'"{field}"' for field in fields) + "\n\n"


def takeout(folder: Path) -> Path:
    """Make a folder of a library with four tracks, two uploads of one name, a playlist of three and thumbs up."""
    library = {
        "Sexy Boy": ("Sexy Boy", "Moon &amp; Safari", "Air", "297000", "5", "12", ""),
        "Sexy Boy(1)": ("Sexy Boy", "Moon &amp; Safari", "Air", "297000", "0", "3", ""),
        "Burnin_": ("Burnin&#39;", "", "Bob Marley", "282000", "1", "2", "Yes"),
        "Never": ("Never", "", "Air", "1", "0", "0", ""),
    }
    mix = {
        "Sexy Boy": ("Sexy Boy", "Moon &amp; Safari", "Air", "297000", "5", "15", "", "10"),
        "Intro": ("Intro", "", "M83", "1", "0", "4", "", "2"),
        "Gone": ("Gone", "", "M83", "1", "0", "0", "Yes", "3"),
    }
    _write(folder / _ROOT / "Tracks", _HEADER, library)
    _write(folder / _ROOT / "Playlists/Rock n Roll/Tracks", f"{_HEADER},Playlist Index", mix)
    _write(folder / _ROOT / "Playlists/Thumbs Up", f"{_HEADER},Playlist Index", {"Sexy Boy": mix["Sexy Boy"]})
    facts = 'Title,Owner,Description,Shared,Deleted\n"Rock &#39;n&#39; Roll","Ana","","",""\n'
    (folder / _ROOT / "Playlists/Rock n Roll/Metadata.csv").write_text(facts)
    return folder


def _write(folder: Path, header: str, tracks: dict[str, tuple[str, ...]]) -> None:
    folder.mkdir(parents=True)
    for name, fields in tracks.items():
        (folder / f"{name}.csv").write_text(f"{header}\n{_track(*fields)}", encoding="utf-8")
