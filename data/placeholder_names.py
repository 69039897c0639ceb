"""Names that name nothing: what rippers and players write where they know no artist, album or title."""

import re
import unicodedata
from functools import lru_cache

_UNKNOWN = frozenset(
    (
        "unknown", "unbekannt", "inconnu", "inconnue", "desconocido", "desconocida", "desconhecido", "desconhecida",
        "sconosciuto", "sconosciuta", "onbekend", "okänd", "ukjent", "ukendt", "tuntematon", "nieznany", "neznámý",
        "ismeretlen", "necunoscut", "bilinmeyen", "неизвестен", "неизвестный", "неизвестно", "невідомий", "άγνωστος",
        "不明", "未知", "알 수 없음", "n/a", "undefined", "<unknown>", "[unknown]", "no artist",
        "no album", "unknown artist", "unknown album", "unknown title", "unknown track",
        "unbekannter interpret", "unbekannter künstler", "unbekanntes album", "unbekannter titel", "artiste inconnu",
        "album inconnu", "titre inconnu", "artista desconocido", "álbum desconocido", "título desconocido",
        "artista desconhecido", "álbum desconhecido", "título desconhecido", "artista sconosciuto",
        "album sconosciuto", "titolo sconosciuto", "onbekende artiest", "onbekend album", "okänd artist",
        "okänt album", "ukjent artist", "ukjent album", "ukendt kunstner", "ukendt album", "tuntematon artisti",
        "tuntematon esittäjä", "tuntematon albumi", "nieznany wykonawca", "nieznany artysta", "nieznany album",
        "neznámý interpret", "neznámý umělec", "neznámé album", "ismeretlen előadó", "ismeretlen album",
        "artist necunoscut", "album necunoscut", "bilinmeyen sanatçı", "bilinmeyen albüm", "неизвестный исполнитель",
        "неизвестен исполнитель", "неизвестный артист", "неизвестный альбом", "неизвестен альбом",
        "невідомий виконавець", "невідомий альбом", "άγνωστος καλλιτέχνης", "άγνωστο άλμπουμ", "不明なアーティスト",
        "アーティスト不明", "不明なアルバム", "アルバム不明", "未知艺术家", "未知歌手", "未知专辑", "未知唱片集",
        "未知藝人", "未知演出者", "未知專輯", "알 수 없는 아티스트", "알 수 없는 음악가", "알 수 없는 앨범",
    )
)  # fmt: skip
_VARIOUS = frozenset(
    (
        "various", "various artists", "various artist", "va", "v a", "v.a.", "v/a", "v.a", "v. a.", "varios artistas",
        "varios", "vários artistas", "vários intérpretes", "vários", "artisti vari", "aa.vv.", "aa. vv.", "aavv",
        "a.a.v.v.", "autori vari", "artistes divers", "artistes variés", "divers", "divers artistes",
        "multi-interprètes", "verschiedene interpreten", "verschiedene künstler", "verschiedene",
        "diverse interpreten", "diverse künstler", "diverse", "diverse artiesten", "diverse artister",
        "diverse artiester", "diverse kunstnere", "blandade artister", "eri esittäjiä", "różni wykonawcy",
        "różni artyści", "různí interpreti", "různí umělci", "különböző előadók", "válogatás", "artiști diverși",
        "çeşitli sanatçılar", "разные исполнители", "разные артисты", "сборник", "różni", "різні виконавці",
        "διάφοροι καλλιτέχνες", "διάφοροι", "ヴァリアス・アーティスト", "ヴァリアスアーティスト", "オムニバス",
        "群星", "华语群星", "各种艺术家", "合輯", "合辑", "여러 아티스트", "여러 음악가",
    )
)  # fmt: skip
_UNTITLED = frozenset(("", "untitled", "[untitled]", "no title"))  # of tracks; albums bear it as their name
_TRACK = re.compile(
    r"(?:\d{1,3}\s*[-._]?\s*)?(?:audio\s*)?(?:track|titel|title|piste|pista|traccia|faixa|spår|spor|raita|utwór|ścieżka|"
    r"skladba|stopa|szám|parça|трек|дорожка|композиция|доріжка|トラック|音轨|音軌|曲目|트랙|untitled|unknown)"
    r"\s*[-#._№]?\s*\d{1,3}"
)


def is_unknown(name: str) -> bool:
    """Tell whether a name only says that an artist or album is not known.

    >>> is_unknown("Unknown Artist"), is_unknown("<unknown>"), is_unknown("The Unknown")
    (True, True, False)
    """
    return _plain(name) in _UNKNOWN


def is_various(name: str) -> bool:
    """Tell whether a name says that an album has many artists.

    >>> is_various("VARIOUS ARTISTS"), is_various("Various Production")
    (True, False)
    """
    return _plain(name) in _VARIOUS


def is_no_artist(name: str) -> bool:
    """Tell whether a name is that of no artist."""
    return is_unknown(name) or is_various(name) or not _plain(name)


def is_no_title(title: str) -> bool:
    """Tell whether a title only counts the tracks of a disc.

    >>> is_no_title("Track 01"), is_no_title("03 - AudioTrack 03"), is_no_title("Track of My Tears")
    (True, True, False)
    """
    plain = _plain(title)
    return plain in _UNKNOWN or plain in _UNTITLED or _TRACK.fullmatch(plain) is not None


@lru_cache(maxsize=100_000)
def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
