"""Songs, albums, artists and genres as the OpenSubsonic API writes them."""

import math
from collections.abc import Sequence
from typing import Any

from earshot.data.name_matching import label_spellings
from earshot.index.browsing.album_rows import Album
from earshot.index.browsing.artist_rows import Artist, Genre
from earshot.index.browsing.song_rows import Song
from earshot.web.subsonic.listener_facts import ListenerFacts, as_date
from earshot.web.subsonic.player_requests import ARTIST, TRACK, album_id_text, id_text

Item = dict[str, Any]
FOLDER_ID = 1  # the one music folder: all of the library
_WAV = ("wav", "audio/wav")
_TYPES = {
    "mp3": "audio/mpeg", "flac": "audio/flac", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg",
    "m4a": "audio/mp4", "m4b": "audio/mp4", "mp4": "audio/mp4", "aac": "audio/aac", "wav": "audio/wav",
    "aif": "audio/x-aiff", "aiff": "audio/x-aiff", "wma": "audio/x-ms-wma", "wv": "audio/x-wavpack",
    "ape": "audio/x-ape", "tta": "audio/x-tta", "mka": "audio/x-matroska", "webm": "audio/webm", "mp2": "audio/mpeg",
}  # fmt: skip
_UNKNOWN_TYPE = "application/octet-stream"
# Codecs that are sent as they lie in the file; what else there is, `stream` decodes.
_DIRECT = frozenset(
    {"mp3", "mp3float", "aac", "flac", "vorbis", "opus", "pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le"}
)
_NOT_DIRECT = frozenset({"aif", "aiff", "caf", "au", "w64"})


def song_item(song: Song, facts: ListenerFacts) -> Item:
    """A song with all that is known of it, and what a listener says of it."""
    suffix, kind = _file_type(song)
    plays = facts.plays.get(song.recording_id)
    is_direct = song.codec in _DIRECT and suffix not in _NOT_DIRECT
    artist, owner = _artist_list(song.artist_id, song.first_artist), song.album_owner or song.album_artist
    return {
        "id": id_text(TRACK, song.id),
        "parent": album_id_text(song.album_key),
        "isDir": False,
        "title": song.title,
        "album": song.album,
        "artist": song.artist,
        "track": song.track_number,
        "year": song.year,
        "genre": song.genre,
        "coverArt": id_text(TRACK, song.id),
        "size": song.size,
        "contentType": kind,
        "suffix": suffix,
        "transcodedContentType": None if is_direct else _WAV[1],
        "transcodedSuffix": None if is_direct else _WAV[0],
        "duration": None if song.duration_s is None else round(song.duration_s),
        "bitRate": _bit_rate(song),
        "samplingRate": song.sample_rate,
        "channelCount": song.channels,
        "path": _shown_path(song, suffix),
        "isVideo": False,
        "userRating": facts.stars.get(song.id),
        "playCount": 0 if plays is None else plays.n_plays,
        "userPlayCount": 0 if plays is None else plays.n_plays,
        "played": None if plays is None else as_date(plays.last_s),
        "created": as_date((song.mtime_ns or 0) / 1e9),
        "starred": as_date(facts.starred.get(song.recording_id)),
        "albumId": album_id_text(song.album_key),
        "artistId": None if song.artist_id is None else id_text(ARTIST, song.artist_id),
        "type": "music",
        "mediaType": "song",
        "musicBrainzId": song.mbid or "",
        "isrc": [song.isrc] if song.isrc else [],
        "genres": [{"name": label} for label in label_spellings(song.genre)],
        "artists": artist,
        "displayArtist": song.artist or "",
        "albumArtists": _artist_list(song.album_artist_id, song.album_owner),
        "displayAlbumArtist": owner or "",
    }


def song_items(songs: Sequence[Song], facts: ListenerFacts) -> list[Item]:
    """Songs in their order."""
    return [song_item(song, facts) for song in songs]


def album_item(album: Album, facts: ListenerFacts) -> Item:
    """An album without its songs."""
    said = facts.albums.get(album.key)
    return {
        "id": album_id_text(album.key),
        "name": album.name,
        "artist": album.artist,
        "artistId": None if album.artist_id is None else id_text(ARTIST, album.artist_id),
        "coverArt": album_id_text(album.key),
        "songCount": album.n_songs,
        "duration": round(album.duration_s or 0),
        "created": as_date((album.mtime_ns or 0) / 1e9) or as_date(1),
        "starred": None if said is None or said.starred is None else _as_zulu(said.starred),
        "userRating": None if said is None else said.stars,
        "year": album.year,
        "genre": album.genre,
        "genres": [{"name": label} for label in label_spellings(album.genre)],
        "artists": _artist_list(album.artist_id, album.owner),
        "displayArtist": album.artist or "",
        "isCompilation": album.key > 0 and album.artist_id is None,
    }


def album_folder(album: Album, facts: ListenerFacts) -> Item:
    """An album as a folder, for players that browse by folders."""
    item = album_item(album, facts)
    parent = str(FOLDER_ID) if album.artist_id is None else id_text(ARTIST, album.artist_id)
    kept = ("id", "artist", "artistId", "coverArt", "created", "starred", "userRating", "year", "genre", "duration")
    return {
        **{name: item[name] for name in kept},
        "parent": parent,
        "isDir": True,
        "title": album.name,
        "name": album.name,  # `getAlbumList` has it so, other folders otherwise
        "album": album.name,
        "songCount": album.n_songs,
        "mediaType": "album",
    }


def artist_item(artist: Artist, facts: ListenerFacts) -> Item:
    """An artist without their albums."""
    said = facts.artists.get(artist.id)
    return {
        "id": id_text(ARTIST, artist.id),
        "name": artist.name,
        "coverArt": id_text(ARTIST, artist.id),
        "albumCount": artist.n_albums,
        "starred": None if said is None or said.starred is None else _as_zulu(said.starred),
        "userRating": None if said is None else said.stars,
    }


def artist_folder(artist: Artist) -> Item:
    """An artist as a folder."""
    text = id_text(ARTIST, artist.id)
    named = {"title": artist.name, "artist": artist.name, "coverArt": text, "mediaType": "artist"}
    return {"id": text, "parent": str(FOLDER_ID), "isDir": True, **named}


def genre_item(genre: Genre) -> Item:
    """A genre with its numbers."""
    return {"value": genre.name, "songCount": genre.n_songs, "albumCount": genre.n_albums}


def _artist_list(artist_id: int | None, name: str | None) -> list[Item]:
    return [] if artist_id is None or name is None else [{"id": id_text(ARTIST, artist_id), "name": name}]


def _file_type(song: Song) -> tuple[str, str]:
    """The suffix and type of a file; a track of a cue sheet, whose name has none, is sent as a wav file."""
    suffix = song.path.rpartition("/")[2].rpartition(".")[2].lower() if "." in song.path.rpartition("/")[2] else ""
    return (suffix, _TYPES.get(suffix, _UNKNOWN_TYPE)) if suffix else _WAV


def _bit_rate(song: Song) -> int | None:
    """Kilobits a second of a whole file."""
    if not song.size or not song.duration_s:
        return None
    return max(1, math.floor(8 * song.size / song.duration_s / 1_000))


def _shown_path(song: Song, suffix: str) -> str:
    """A path made of names, as players show it: where the file lies is nobody's business."""
    number = "" if song.track_number is None else f"{song.track_number:02d} "
    names = (song.album_owner or song.artist or "Unknown", song.album or "Unknown", f"{number}{song.title}.{suffix}")
    return "/".join(name.replace("/", "_") for name in names)


def _as_zulu(text: str) -> str:
    return text.replace("+00:00", "Z")
