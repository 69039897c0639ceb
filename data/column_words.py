"""Names of columns as players and services write them in other languages than English, and those of albums."""

from collections.abc import Iterable

# Without case, blanks and signs, as `table_blocks.plain_column` compares them.
TITLES = (
    *("titel", "titelname", "songtitel", "liedtitel", "titre", "titredelamorceau", "título", "titulo", "canción"),
    *(
        "cancion",
        "titolo",
        "brano",
        "música",
        "tytuł",
        "tytul",
        "utwór",
        "utwor",
        "název",
        "skladba",
        "låt",
        "låttitel",
    ),
    *(
        "tittel",
        "kappale",
        "название",
        "композиция",
        "曲名",
        "タイトル",
        "标题",
        "歌曲",
        "歌名",
        "標題",
        "제목",
        "곡명",
    ),
)
ARTISTS = (
    *("künstler", "kuenstler", "künstlername", "interpret", "interpreten", "artiste", "artistes", "nomdelartiste"),
    *("interprète", "artista", "artistas", "nombredelartista", "nomedellartista", "intérprete", "artiest", "artiesten"),
    *("wykonawca", "artysta", "umělec", "esittäjä", "artisti", "kunstner", "исполнитель", "артист", "アーティスト"),
    *("アーティスト名", "艺术家", "艺人", "歌手", "演出者", "藝人", "아티스트", "가수"),
)
ALBUMS = (
    *("albumtitel", "albumname", "nomdelalbum", "titredelalbum", "álbum", "nombredelálbum", "nomedellalbum"),
    *("tytułalbumu", "альбом", "アルバム", "アルバム名", "专辑", "專輯", "앨범"),
)
PLAYS = (
    *(
        "wiedergaben",
        "wiedergabezähler",
        "wiedergabeanzahl",
        "anzahlwiedergaben",
        "anzahlderwiedergaben",
        "abspielzähler",
    ),
    *(
        "lectures",
        "nombredelectures",
        "nbdelectures",
        "écoutes",
        "nombredécoutes",
        "reproducciones",
        "vecesreproducida",
    ),
    *("númerodereproducciones", "riproduzioni", "numerodiriproduzioni", "reproduções", "númerodereproduções"),
    *("aantalkeerafgespeeld", "keerafgespeeld", "spelningar", "uppspelningar", "avspillinger", "afspilninger"),
    *("odtworzenia", "liczbaodtworzeń", "přehrání", "početpřehrání", "прослушивания", "прослушиваний"),
    *("воспроизведения", "количествопрослушиваний", "количествовоспроизведений", "再生回数", "播放次数", "播放次數"),
    *("재생횟수",),
)
LAST_PLAYED = (
    *("zuletztgespielt", "zuletztabgespielt", "zuletztwiedergegeben", "letztewiedergabe", "dernièrelecture"),
    *("dernièreécoute", "últimareproducción", "ultimareproduccion", "ultimariproduzione", "últimareprodução"),
    *("laatstafgespeeld", "senastspelad", "sistspilt", "sidstafspillet", "ostatnioodtwarzane", "ostatnieodtworzenie"),
    *("ostatnioodtworzono", "naposledypřehráno", "последнеепрослушивание", "последнеевоспроизведение"),
    *("最終再生日", "最終再生日時", "最後に再生した日", "上次播放", "上次播放时间", "最近播放", "마지막재생"),
)
RATINGS = ("bewertung", "wertung", "évaluation", "valoración", "valutazione", "waardering", "ocena", "оценка", "評価")
PATHS = (
    *("pfad", "dateipfad", "dateiname", "chemin", "cheminfichier", "fichier", "nomdefichier", "ruta", "archivo"),
    *(
        "percorso",
        "caminho",
        "bestandspad",
        "ścieżka",
        "plik",
        "путь",
        "файл",
        "ファイル",
        "ファイル名",
        "路径",
        "文件名",
    ),
)
_OF_ALBUMS = (("releaseid", "catalog"), ("releaseid", "collectionfolder"), ("rymalbum", "releasedate"))
_OF_REKORDBOX = ("tracktitle", "artist", "bpm", "key")


def are_of_rekordbox(names: Iterable[str]) -> bool:
    """Tell whether columns are those of a playlist or a history that rekordbox exports as text: no times of plays."""
    return set(names).issuperset(_OF_REKORDBOX)


def are_of_albums(names: Iterable[str]) -> bool:
    """Tell whether columns are those of albums that somebody owns or rated, as Discogs and RateYourMusic export them.

    >>> are_of_albums(["catalog", "artist", "title", "releaseid"]), are_of_albums(["artist", "title", "releaseid"])
    (True, False)
    """
    given = set(names)
    return any(given.issuperset(known) for known in _OF_ALBUMS)
