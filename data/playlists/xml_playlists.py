"""XSPF, and what Windows Media Player writes: WPL and ASX."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from earshot.data.playlists.playlist import Contents, entry_at, recording_mbid, start_of
from earshot.data.tables.xml_files import local_name, xml_tree


def read_xspf(data: bytes, folder: str, name: str) -> Contents:
    """Read an XSPF, whose places are always encoded; of several places the first counts."""
    root = _root(data, name, "playlist", "an XSPF playlist")
    tracks = ((_texts(track), track) for track in _elements(root, "track"))
    return _texts(root).get("title"), (
        entry_at(
            folder, texts.get("location", ""), is_encoded=True, artist=texts.get("creator"), title=texts.get("title"),
            album=texts.get("album"), mbid=recording_mbid(*(child.text or "" for child in track)),
            begin=start_of(option.text or "" for option in _elements(track, "option")),
        )
        for texts, track in tracks
    )  # fmt: skip


def read_wpl(data: bytes, folder: str, name: str) -> Contents:
    """Read a WPL: places, and since Windows 8 names, are attributes."""
    root = _root(data, name, "smil", "a WPL playlist")
    title = next((element.text for element in _elements(root, "title")), None)
    media = (_attributes(element) for element in _elements(root, "media"))
    return title, (
        entry_at(
            folder, facts.get("src", ""), artist=facts.get("trackartist"), title=facts.get("tracktitle"),
            album=facts.get("albumtitle"),
        )
        for facts in media
    )  # fmt: skip


def read_asx(data: bytes, folder: str, name: str) -> Contents:
    """Read an ASX; of several places of an entry, which stand in for each other, the first counts."""
    root = _root(data, name, "asx", "an ASX playlist")
    entries = ((_texts(entry), next(iter(_elements(entry, "ref")), None)) for entry in _elements(root, "entry"))
    return _texts(root).get("title"), (
        entry_at(
            folder, "" if place is None else _attributes(place).get("href", ""), artist=texts.get("author"),
            title=texts.get("title"),
        )
        for texts, place in entries
    )  # fmt: skip


def _root(data: bytes, name: str, tag: str, what: str) -> Element:
    root = xml_tree(data, name)
    if local_name(root) != tag:
        raise ValueError(f"{name} is XML, but not {what}")
    return root


def _elements(parent: Element, name: str) -> list[Element]:
    return [element for element in parent.iter() if local_name(element) == name]


def _texts(parent: Element) -> Mapping[str, str]:
    """The texts of the elements in an element, by name; of several of one name the first."""
    return {local_name(child): (child.text or "").strip() for child in reversed(parent)}


def _attributes(element: Element) -> Mapping[str, str]:
    return {name.lower(): value for name, value in element.attrib.items()}
