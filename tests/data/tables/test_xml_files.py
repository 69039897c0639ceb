"""XML that would harm is refused in one sentence, before a tree is built of it."""

import io
import os

import pytest

from earshot.data.playlists.playlist_reader import read_playlists
from earshot.data.tables import xml_files
from earshot.data.tables.xml_files import local_name, refuse_unsafe_xml, xml_tree
from earshot.graph.graph_files import read_graph_file

ENTITIES = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>'
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
DEFAULTS = f'<?xml version="1.0"?><!DOCTYPE l [<!ATTLIST a b CDATA "{"x" * 1_000}">]>'
ELEMENTS = "<!DOCTYPE l SYSTEM 'l.dtd' [<!ELEMENT a ANY>]>"
GRAPHML = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed"/></graphml>'
GEXF = '<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2"><graph><nodes/></graph></gexf>'
XSPF = '<playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList/></playlist>'
READERS = {
    "x.graphml": (GRAPHML, read_graph_file),
    "x.gexf": (GEXF, read_graph_file),
    "x.xspf": (XSPF, lambda path: read_playlists(str(path))[0]),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("entities", [ENTITIES, EXTERNAL, DEFAULTS, ELEMENTS])
def test_declarations_are_refused(tmp_path, name, entities):
    text, read = READERS[name]
    (tmp_path / name).write_text(entities + text)
    with pytest.raises(ValueError, match=rf"{name} declares XML entities"):
        read(tmp_path / name)


@pytest.mark.parametrize("name", READERS)
def test_depth_is_bounded(tmp_path, name):
    (tmp_path / name).write_text("<a>" * 50_000 + "</a>" * 50_000)
    with pytest.raises(ValueError, match="elements in elements more than 100 deep"):
        READERS[name][1](tmp_path / name)


@pytest.mark.parametrize("name", READERS)
def test_pipes_are_refused(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match=f"{name} is a named pipe"):
        READERS[name][1](tmp_path / name)


@pytest.mark.parametrize("name", ["x.graphml", "x.gexf"])
def test_an_encoding_that_does_not_exist(tmp_path, name):
    (tmp_path / name).write_text(f'<?xml version="1.0" encoding="banana"?>{READERS[name][0]}')
    with pytest.raises(ValueError, match=r"unknown encoding"):
        READERS[name][1](tmp_path / name)


def test_elements_are_counted(monkeypatch):
    monkeypatch.setattr(xml_files, "MAX_ELEMENTS", 10)
    refuse_unsafe_xml(io.BytesIO(b"<a>" + b"<b/>" * 9 + b"</a>"), "x")
    with pytest.raises(ValueError, match="x has more than 10 elements"):
        refuse_unsafe_xml(io.BytesIO(b"<a>" + b"<b/>" * 10 + b"</a>"), "x")


def test_tame_xml_is_left_at_its_beginning():
    file = io.BytesIO(b'<!DOCTYPE graphml SYSTEM "http://graphml.graphdrawing.org/dtds/1.0rc/graphml.dtd"><graphml/>')
    refuse_unsafe_xml(file, "x")
    assert file.tell() == 0


def test_small_faults_are_mended():
    """A lone &, tags that differ in case, the encoding of Windows, an encoding that does not exist."""
    text = '<?xml version="1.0" encoding="banana"?><A x="R & B &amp; S"><B>caf\xe9 &copy;</b></A>'
    root = xml_tree(text.encode("cp1252"), "x")
    assert (root.attrib, root[0].text) == ({"x": "R & B & S"}, "café &copy;")
    assert local_name(xml_tree(b'<n:A xmlns:n="urn:n"/>', "x")) == "a"
    with pytest.raises(ValueError, match="x is not XML: no element found"):
        xml_tree(b"<a>", "x")
