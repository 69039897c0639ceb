"""XML of other programs, checked before anything builds a tree of it."""

import contextlib
import plistlib
import re
import xml.etree.ElementTree as ElementTree
from io import BytesIO
from typing import Any, BinaryIO
from xml.parsers import expat

from earshot.data.tables.utf8_text import decoded

MAX_DEPTH = 100  # of nested elements; playlists and graphs have ten
MAX_ELEMENTS = 5_000_000  # a tree takes some hundred bytes for each
_MAX_PROPERTIES = 50_000_000  # of the library of a million tracks
_PIECE_BYTES = 1024 * 1024
_LONE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*>")
_TAG_NAME = re.compile(r"</?[A-Za-z]+")


def refuse_unsafe_xml(file: BinaryIO, name: str, max_elements: int | None = None) -> None:
    """Raise a ValueError for XML that is damaged, declares anything, is nested too deeply or far too large.

    An entity may expand to billions of letters or to another file, and a default of an attribute to a megabyte in
    every element. Players and graph programs declare none; a DTD that they only name is not fetched. The file is
    read from its beginning, and is back there in the end.
    """
    file.seek(0)
    parser = expat.ParserCreate()
    depth = n_elements = 0
    most = max_elements or MAX_ELEMENTS

    def begin(_name: str, _attributes: object) -> None:
        nonlocal depth, n_elements
        depth, n_elements = depth + 1, n_elements + 1
        if depth > MAX_DEPTH:
            raise ValueError(f"{name}: elements in elements more than {MAX_DEPTH} deep")
        if n_elements > most:
            raise ValueError(f"{name} has more than {most:,} elements; a table of edges or paths may be larger")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def named(_root: str, _system: str | None, _public: str | None, has_declarations: bool) -> None:
        if has_declarations:
            raise ValueError(f"{name} declares XML entities or the like, which are not read here")

    parser.buffer_text = False
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.StartDoctypeDeclHandler = named
    try:
        while piece := file.read(_PIECE_BYTES):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ValueError(f"{name} is not XML: {error}") from None
    except (LookupError, RecursionError, MemoryError) as error:  # LookupError: an encoding that does not exist
        raise ValueError(f"{name} cannot be read as XML: {error or 'it takes more memory than there is'}") from None
    file.seek(0)


def xml_tree(data: bytes, name: str) -> ElementTree.Element:
    """Build the tree of a small file; one with a lone & or tags that differ in case is mended.

    Raises
    ------
    ValueError
        It is no XML all the same, or unsafe (`refuse_unsafe_xml`).
    """
    try:
        return _tree(data, name)
    except ValueError:
        text = _LONE_AMPERSAND.sub("&amp;", _DECLARATION.sub("", decoded(data)))
        with contextlib.suppress(ValueError):
            return _tree(_TAG_NAME.sub(lambda tag: tag[0].lower(), text).encode("utf-8", "replace"), name)
        raise


def _tree(data: bytes, name: str) -> ElementTree.Element:
    refuse_unsafe_xml(BytesIO(data), name)
    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError(f"{name} is not XML: {error}") from None


def property_list(file: BinaryIO, name: str) -> dict[str, Any]:
    """Read a property list of Apple's, such as the library of iTunes; one that is no dictionary is empty.

    Raises
    ------
    ValueError
        It is no property list, or unsafe (`refuse_unsafe_xml`).
    """
    refuse_unsafe_xml(file, name, max_elements=_MAX_PROPERTIES)
    try:
        content = plistlib.load(file, fmt=plistlib.FMT_XML)
    except (expat.ExpatError, ValueError, AttributeError, KeyError, IndexError) as error:
        raise ValueError(f"{name} is no property list: {error}") from None
    return content if isinstance(content, dict) else {}


def local_name(element: ElementTree.Element) -> str:
    """The name of an element in lower case, in whatever namespace."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
