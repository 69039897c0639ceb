"""Endpoints on the server and its users, and those that answer with nothing, as players ask for them all the same."""

from earshot.index.library import Library
from earshot.index.writer_lock import another_writes
from earshot.web.subsonic.media_items import FOLDER_ID, Item
from earshot.web.subsonic.player_requests import PlayerRequest
from earshot.web.subsonic.subsonic_answers import FORBIDDEN, MISSING, NOT_FOUND, SubsonicError

EXTENSIONS = {
    "apiKeyAuthentication": [1],
    "formPost": [1],
    "indexBasedQueue": [1],
    "playbackReport": [1],
    "sonicSimilarity": [1],
    "topSongsByArtistId": [1],
    "transcodeOffset": [1],
}
_MAY = ("scrobblingEnabled", "downloadRole", "playlistRole", "streamRole")
_MAY_NOT = (
    "adminRole", "settingsRole", "uploadRole", "coverArtRole", "commentRole", "podcastRole", "jukeboxRole",
    "shareRole", "videoConversionRole",
)  # fmt: skip
_EMPTY = {
    "getBookmarks": ("bookmarks", "bookmark"),
    "getInternetRadioStations": ("internetRadioStations", "internetRadioStation"),
    "getNewestPodcasts": ("newestPodcasts", "episode"),
    "getPodcasts": ("podcasts", "channel"),
    "getShares": ("shares", "share"),
    "getVideos": ("videos", "video"),
}


async def ping(_asked: PlayerRequest) -> Item:
    """Answer."""
    return {}


async def get_license(_asked: PlayerRequest) -> Item:
    """Tell that none is needed."""
    return {"license": {"valid": True}}


def extensions() -> Item:
    """The extensions of the API that there are, which players may ask for without a key."""
    return {"openSubsonicExtensions": [{"name": name, "versions": versions} for name, versions in EXTENSIONS.items()]}


async def token_info(asked: PlayerRequest) -> Item:
    """Tell whose the key is."""
    return {"tokenInfo": {"username": asked.listener}}


async def get_user(asked: PlayerRequest) -> Item:
    """Tell what the listener may do; nobody is told of others."""
    if (asked.text("username") or asked.listener) != asked.listener:
        raise SubsonicError(FORBIDDEN, "A listener sees themselves alone.")
    return {"user": _user(asked.listener)}


async def get_users(asked: PlayerRequest) -> Item:
    """List the listener alone."""
    return {"users": {"user": [_user(asked.listener)]}}


def _user(listener: str) -> Item:
    return {
        "username": listener,
        **dict.fromkeys(_MAY, True),
        **dict.fromkeys(_MAY_NOT, False),
        "folder": [FOLDER_ID],
    }


async def get_scan_status(asked: PlayerRequest) -> Item:
    """Tell whether `cli embed-audio` runs, and the number of songs."""

    def read(library: Library) -> Item:
        is_open = library.value("SELECT 1 FROM runs WHERE stage = 'embed-audio' AND finished IS NULL") is not None
        n_songs = library.value("SELECT count(*) FROM tracks WHERE status = 'embedded'")
        return {"scanning": is_open and another_writes(library.folder), "count": n_songs}

    return {"scanStatus": await asked.library.read(read)}


async def start_scan(_asked: PlayerRequest) -> Item:
    """Refuse: music is heard by a command."""
    raise SubsonicError(FORBIDDEN, "Players cannot start it; `cli embed-audio` looks for new music.")


async def get_lyrics(_asked: PlayerRequest) -> Item:
    """Tell that none are known."""
    return {"lyrics": {"value": ""}}


async def get_lyrics_by_song_id(asked: PlayerRequest) -> Item:
    """Tell that none are known."""
    asked.needed("id")
    return {"lyricsList": {"structuredLyrics": []}}


async def get_avatar(asked: PlayerRequest) -> Item:
    """Tell that there is none."""
    if asked.text("username") is None:
        raise SubsonicError(MISSING, "The parameter username is missing.")
    raise SubsonicError(NOT_FOUND, "There are no pictures of listeners.")


def _empty(outer: str, inner: str):  # type: ignore[no-untyped-def]
    async def answer_nothing(_asked: PlayerRequest) -> Item:
        return {outer: {inner: []}}

    return answer_nothing


endpoints = {
    "ping": ping,
    "getLicense": get_license,
    "tokenInfo": token_info,
    "getUser": get_user,
    "getUsers": get_users,
    "getScanStatus": get_scan_status,
    "startScan": start_scan,
    "getLyrics": get_lyrics,
    "getLyricsBySongId": get_lyrics_by_song_id,
    "getAvatar": get_avatar,
    **{name: _empty(*names) for name, names in _EMPTY.items()},
}
