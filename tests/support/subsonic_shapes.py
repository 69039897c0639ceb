"""Shapes of answers of the OpenSubsonic API: fields, types, and which are required.

They are those of the schema of Subsonic 1.16, in whose order elements stand in XML, with what the documentation of
OpenSubsonic adds. `name!` is required, `[X]` is a list, a capital letter begins the name of another shape, and a rating
is 1 to 5. `misfits` compares an answer in JSON or XML with them.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

NAMESPACE = "{http://subsonic.org/restapi}"


def _fields(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


_CHILD = (
    "id!:string parent:string isDir!:bool title!:string album:string artist:string track:int year:int genre:string"
    " coverArt:string size:long contentType:string suffix:string transcodedContentType:string transcodedSuffix:string"
    " duration:int bitRate:int samplingRate:int channelCount:int path:string isVideo:bool userRating:rating"
    " playCount:long userPlayCount:long created:date starred:date albumId:string artistId:string type:string"
    " mediaType:string played:date musicBrainzId:string isrc:[string] genres:[ItemGenre] artists:[ArtistName]"
    " displayArtist:string albumArtists:[ArtistName] displayAlbumArtist:string name:string songCount:int"
)
_ARTIST = "id!:string name!:string coverArt:string albumCount!:int starred:date userRating:rating"
_ALBUM = (
    "id!:string name!:string artist:string artistId:string coverArt:string songCount!:int duration!:int created!:date"
    " starred:date year:int genre:string userRating:rating genres:[ItemGenre] artists:[ArtistName] displayArtist:string"
    " isCompilation:bool"
)
_PLAYLIST = (
    "id!:string name!:string comment:string owner:string public:bool songCount!:int duration!:int created!:date"
    " changed!:date coverArt:string readonly:bool"
)
_QUEUE = "position:long username!:string changed!:date changedBy!:string entry:[Child]"
_MAY = "admin settings download upload playlist coverArt comment podcast stream jukebox share videoConversion"
_ROLES = " ".join(f"{name}Role!:bool" for name in _MAY.split())
SHAPES = {
    name: _fields(text)
    for name, text in {
        "Child": _CHILD,
        "ItemGenre": "name!:string",
        "ArtistName": "id!:string name!:string",  # of a song or album
        "ArtistID3": _ARTIST,
        "ArtistWithAlbumsID3": f"{_ARTIST} album:[AlbumID3]",
        "AlbumID3": _ALBUM,
        "AlbumID3WithSongs": f"{_ALBUM} song:[Child]",
        "MusicFolders": "musicFolder:[MusicFolder]",
        "MusicFolder": "id!:int name:string",
        "Index": "name!:string artist:[ArtistID3]",
        "ArtistsID3": "ignoredArticles!:string index:[Index]",
        "Indexes": "ignoredArticles!:string lastModified!:long index:[Index]",
        "Directory": "id!:string parent:string name!:string child:[Child]",
        "Genres": "genre:[Genre]",
        "Genre": "value!:string songCount!:int albumCount!:int",
        "ArtistInfo": "similarArtist:[ArtistID3]",
        "AlbumInfo": "notes:string",
        "AlbumList": "album:[Child]",
        "AlbumList2": "album:[AlbumID3]",
        "Songs": "song:[Child]",
        "Found2": "artist:[ArtistID3] album:[Child] song:[Child]",
        "Found3": "artist:[ArtistID3] album:[AlbumID3] song:[Child]",
        "NowPlaying": "entry:[NowPlayingEntry]",
        "NowPlayingEntry": f"{_CHILD} username!:string minutesAgo!:int playerId!:int playerName:string state:string"
        " positionMs:long playbackRate:number",
        "Playlists": "playlist:[Playlist]",
        "Playlist": _PLAYLIST,
        "PlaylistWithSongs": f"{_PLAYLIST} entry:[Child]",
        "PlayQueue": f"{_QUEUE} current:string",
        "PlayQueueByIndex": f"{_QUEUE} currentIndex:int",
        "SonicMatch": "entry!:Child similarity!:number",
        "License": "valid!:bool",
        "Extension": "name!:string versions!:[int]",
        "TokenInfo": "username!:string",
        "Users": "user:[User]",
        "User": f"username!:string scrobblingEnabled!:bool folder:[int] {_ROLES}",
        "ScanStatus": "scanning!:bool count:long",
        "Lyrics": "value!:string",
        "LyricsList": "structuredLyrics:[Lyrics]",
        "Bookmarks": "bookmark:[Child]",
        "Stations": "internetRadioStation:[Child]",
        "Podcasts": "channel:[Child]",
        "Episodes": "episode:[Child]",
        "Shares": "share:[Child]",
        "Videos": "video:[Child]",
        "Error": "code!:int message:string",
    }.items()
}
ANSWER = _fields(
    "status!:string version!:string type!:string serverVersion!:string openSubsonic!:bool error:Error license:License"
    " musicFolders:MusicFolders indexes:Indexes directory:Directory genres:Genres artists:ArtistsID3"
    " artist:ArtistWithAlbumsID3 album:AlbumID3WithSongs song:Child albumInfo:AlbumInfo artistInfo:ArtistInfo"
    " artistInfo2:ArtistInfo similarSongs:Songs similarSongs2:Songs topSongs:Songs albumList:AlbumList"
    " albumList2:AlbumList2 randomSongs:Songs songsByGenre:Songs nowPlaying:NowPlaying starred:Found2 starred2:Found3"
    " searchResult2:Found2 searchResult3:Found3 playlists:Playlists playlist:PlaylistWithSongs playQueue:PlayQueue"
    " playQueueByIndex:PlayQueueByIndex sonicMatch:[SonicMatch] openSubsonicExtensions:[Extension] tokenInfo:TokenInfo"
    " users:Users user:User scanStatus:ScanStatus lyrics:Lyrics lyricsList:LyricsList bookmarks:Bookmarks"
    " internetRadioStations:Stations podcasts:Podcasts newestPodcasts:Episodes shares:Shares videos:Videos"
)
_RANGES = {"rating": range(1, 6), "int": range(-(2**31), 2**31), "long": range(-(2**63), 2**63)}


def misfits(tree: Any, fields: dict[str, str] = ANSWER, where: str = "answer") -> Iterator[str]:
    """Everything by which an answer in JSON differs from its shape."""
    if not isinstance(tree, dict):
        yield f"{where} is no object"
        return
    known = {name.rstrip("!"): kind for name, kind in fields.items()}
    yield from (f"{where} lacks {name[:-1]}" for name in fields if name.endswith("!") and name[:-1] not in tree)
    for name, value in tree.items():
        place = f"{where}.{name}"
        if name not in known:
            yield f"{place} is unknown"
        elif known[name].startswith("["):
            if isinstance(value, list):
                for one in value:
                    yield from _misfits_of(one, known[name].strip("[]"), place)
            else:
                yield f"{place} is no list"
        else:
            yield from _misfits_of(value, known[name], place)


def _misfits_of(value: Any, kind: str, where: str) -> Iterator[str]:
    if kind in SHAPES:
        yield from misfits(value, SHAPES[kind], where)
        return
    types = {"string": str, "date": str, "number": (int, float), "bool": bool}
    if not isinstance(value, types.get(kind, int)) or (isinstance(value, bool) and kind != "bool"):
        yield f"{where} is {value!r}, not {kind}"
    elif kind == "date" and not (value.endswith("Z") and datetime.fromisoformat(value)):
        yield f"{where} is {value!r}, no date"
    elif kind in _RANGES and value not in _RANGES[kind]:
        yield f"{where} is {value}, and of another range"


def as_tree(element: ElementTree.Element, fields: dict[str, str] = ANSWER) -> dict[str, Any]:
    """The content of an element of XML, in the types of its shape, to be compared with an answer in JSON."""
    known = {name.rstrip("!"): kind for name, kind in fields.items()}
    tree: dict[str, Any] = {name: _typed(text, known.get(name, "string")) for name, text in element.attrib.items()}
    if "value" in known:
        tree["value"] = element.text or ""
    names = [below.tag.removeprefix(NAMESPACE) for below in element]
    places = [list(known).index(name) for name in names if name in known]
    assert places == sorted(places), f"{names} stand in another order than those of the schema"
    for below in element:
        assert below.tag.startswith(NAMESPACE), below.tag
        name = below.tag.removeprefix(NAMESPACE)
        kind = known.get(name, "string")
        inner = kind.strip("[]")
        one = as_tree(below, SHAPES[inner]) if inner in SHAPES else _typed(below.text or "", inner)
        if kind.startswith("["):
            tree.setdefault(name, []).append(one)
        else:
            assert name not in tree, f"{name} stands there twice"
            tree[name] = one
    return tree


def _typed(text: str, kind: str) -> Any:
    if kind == "bool":
        return {"true": True, "false": False}[text]
    return int(text) if kind in _RANGES else float(text) if kind == "number" else text


def without_empty_lists(tree: Any) -> Any:
    """A tree as XML can tell it: a list of nothing is not there."""
    if isinstance(tree, dict):
        return {name: without_empty_lists(one) for name, one in tree.items() if one != []}
    return [without_empty_lists(one) for one in tree] if isinstance(tree, list) else tree
