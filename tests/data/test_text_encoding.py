"""Letters of short texts, as they were before somebody wrote them in an encoding of his country."""

import pytest

from earshot.data.text_encoding import bytes_before, decode_field, guess_encoding

NAMES = {
    "cp1252": [
        ("Björk", "Jóga"), ("Mötley Crüe", "Dr. Feelgood"), ("Ænima", "Tool"), ("Beyoncé", "Déjà Vu"),
        ("Amélie", "Comptine d'un autre été"), ("Zoé", "Soñé"), ("João Gilberto", "Águas de Março"),
        ("Færd", "Grásteinar"),
        ("Michael Bublé", "Sway"), ("Die Toten Hosen", "Schönen Gruß, auf Wiederseh’n"), ("Queensrÿche", "Eyes"),
    ],
    "cp1250": [
        ("Bedřich Smetana", "Vltava"), ("Czesław Niemen", "Dziwny jest ten świat"), ("Hradišťan", "Vteřiny křehké"),
        ("Omega", "Gyöngyhajú lány"), ("Bijelo Dugme", "Đurđevdan"),
    ],
    "cp1254": [("Barış Manço", "Gülpembe"), ("Tarkan", "Şımarık")],
    "cp1251": [
        ("Кино", "Песня 10"), ("Чайф", "Ой-йо"), ("Танк", "Песня"), ("ДДТ", "Дождь"), ("t.A.T.u.", "Нас не догонят"),
        ("Би-2", "Полковнику никто не пишет"), ("Алла Пугачёва", "Миллион алых роз"), ("Щурците", "Двама"),
        ("Океан Ельзи", "Обійми"),
    ],
    "koi8-r": [("Кино", "Группа крови"), ("Земфира", "Хочешь?"), ("Сплин", "Выхода нет")],
    "cp866": [("Кино", "Группа крови")],
    "cp1253": [("Μίκης Θεοδωράκης", "Το τρένο φεύγει στις οχτώ")],
    "cp1255": [("שלמה ארצי", "אהבתיה")],
    "cp1256": [("فيروز", "نسم علينا الهوى"), ("أم كلثوم", "إنت عمري")],
    "cp874": [("คาราบาว", "บัวลอย")],
    "cp932": [
        ("椎名林檎", "丸の内サディスティック"), ("宇多田ヒカル", "First Love"), ("東京事変", "群青日和"),
        ("サザンオールスターズ", "いとしのエリー"), ("ユニコーン", "ﾃﾚﾋﾞ"),
    ],
    "euc_jp": [("椎名林檎", "丸の内サディスティック")],
    "gb18030": [("周杰伦", "青花瓷"), ("王菲", "红豆"), ("陈奕迅", "十年"), ("邓丽君", "月亮代表我的心")],
    "big5hkscs": [("周杰倫", "青花瓷"), ("鄧紫棋", "泡沫"), ("五月天", "知足"), ("張惠妹", "聽海")],
    "cp949": [("아이유", "좋은 날"), ("서태지와 아이들", "난 알아요"), ("빅뱅", "거짓말")],
    "utf-8": [("Björk", "Jóga"), ("Кино", "Группа крови"), ("椎名林檎", "丸の内")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "names"), [(encoding, names) for encoding, pairs in NAMES.items() for names in pairs]
)
def test_an_artist_and_a_title_are_enough(encoding, names):
    fields = [name.encode(encoding)[:30] for name in names]  # as ID3v1 cuts them
    guess = guess_encoding(fields)
    assert [decode_field(field, guess) for field in fields] == [decode_field(field, encoding) for field in fields]


def test_the_path_shows_the_letters():
    fields = ["ЧАЙФ".encode("koi8-r"), "АРГЕНТИНА".encode("koi8-r")]  # in another encoding, words in small letters
    assert decode_field(fields[0], guess_encoding(fields)) != "ЧАЙФ"
    assert decode_field(fields[0], guess_encoding(fields, "/music/Чайф/Аргентина.mp3")) == "ЧАЙФ"


def test_any_bytes_are_decoded():
    for content in (b"\xff\xfe\x81\x8d", bytes(range(128, 256)), b"\x80", b"", b"plain"):
        decode_field(content, guess_encoding([content]))


@pytest.mark.parametrize("text", ["Björk", "Кино", "椎名林檎", "Sigur Rós – Ágætis byrjun", "don’t", "été"])
def test_utf8_that_was_taken_for_western_letters(text):
    for encoding in ("latin-1", "cp1252"):
        try:
            misread = text.encode().decode(encoding)
        except UnicodeDecodeError:
            continue
        assert bytes_before(misread) == text.encode()


@pytest.mark.parametrize(
    "text",
    [
        "Björk",
        "ÅÄÖ",
        "Ænima",
        "Mötley Crüe",
        "Múm",
        "Кино",
        "naïve",
        "Motörhead",
        "Ça ira",
        "Çérá Véçe",
        "Þórður",
        "Öö öö",
        "",
    ],
)
def test_texts_that_are_read_rightly(text):
    assert bytes_before(text) is None


def test_every_artist_and_title_of_above_is_western_or_not():
    assert [pair for pair in NAMES["cp1252"] if any(map(bytes_before, pair))] == []
    assert all(bytes_before(artist.encode("cp1251").decode("latin-1")) for artist in ("Кино", "Земфира", "Сплин"))
