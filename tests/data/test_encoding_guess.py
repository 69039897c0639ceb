"""Letters of short texts, as they were before somebody wrote them in an encoding of his country."""

import pytest

from earshot.data.encoding_guess import bytes_before, decode_field, guess_encoding, possible_encodings

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

# Artist, title and album; 57 of these 60 are read rightly, and the others have few letters or two languages.
TRIPLES = {
    "cp1250": [
        ("Kabát", "Žízeň", "Čert na koze jel"), ("Małgośka", "Maryla Rodowicz", "Wielka woda"),
        ("Łąki Łan", "Żółw", "ŁąkiŁanda"), ("Lucie", "Černí andělé", "Černý kočky mokrý žáby"),
        ("Illés", "Őszi fény", "Nehéz az út"), ("Phoenix", "Andrii Popa", "Mugur de fluier"),
        ("Elán", "Kočka", "Nie sme zlí"), ("Parni valjak", "Sve još miriše na nju", "Buđenje"),
        ("Désirée", "Kiss Me", "Dům"),
    ],
    "cp1251": [
        ("Я", "Би-2", "Би-2"), ("Кино", "Звезда по имени Солнце", "Звезда"),
        ("ДДТ", "Что такое осень", "Актриса Весна"),
        ("Агата Кристи", "Как на войне", "Декаданс"), ("Тангра", "Бъди какъвто си", "Тангра"), ("НОМ", "Ух", "Ух"),
    ],
    "cp1252": [
        ("Mylène Farmer", "Désenchantée", "L’autre…"), ("Sigur Rós", "Svefn-g-englar", "Ágætis byrjun"),
        ("Héroes del Silencio", "Entre dos tierras", "Senderos de traición"), ("Kent", "Människor", "Verkligen"),
        ("Die Ärzte", "Männer sind Schweine", "13"), ("Gåte", "Bøygen", "Jygri"),
        ("Été 67", "Passer la frontière", "Été 67"),
    ],
    "cp1253": [
        ("Χάρις Αλεξίου", "Οι φίλοι μου χαράματα", "Εμφύλιος έρωτας"), ("Τρύπες", "Ταξιδιάρα ψυχή", "Εννιά πληρωμένα"),
        ("Πυξ Λαξ", "Μοναξιά μου όλα", "Για τους πρίγκηπες"), ("ΛΕΞ", "Μπλε", "ΓΤΚ"),
    ],
    "cp1254": [
        ("Tarkan", "Şıkıdım", "Aacayipsin"), ("Sezen Aksu", "Gülümse", "Gülümse"), ("Teoman", "Paramparça", "Onyedi"),
        ("Şebnem Ferah", "Sil Baştan", "Can Kırıkları"), ("Barış Manço", "Dağlar Dağlar", "Sözüm Meclisten Dışarı"),
    ],
    "cp1257": [
        ("Prāta Vētra", "Ziemeļu puse", "Mākslīgie ziedi"), ("Foje", "Laužo šviesa", "Žodžiai į tylą"),
        ("Antis", "Kažkas atsitiko", "Ša!"), ("Raimonds Pauls", "Dāvāja Māriņa", "Mēmā dziesma"),
    ],
    "koi8-r": [
        ("Кино", "Пачка сигарет", "Звезда по имени Солнце"), ("Наутилус Помпилиус", "Крылья", "Крылья"),
        ("Аквариум", "Город золотой", "Десять стрел"), ("Сплин", "Орбит без сахара", "Гранатовый альбом"),
    ],
    "cp932": [
        ("中島みゆき", "悪女", "寒水魚"), ("中島みゆき", "地上の星", "短篇集"), ("スピッツ", "ロビンソン", "ハチミツ"),
        ("坂本龍一", "戦場のメリークリスマス", "音楽図鑑"), ("サザンオールスターズ", "TSUNAMI", "海のYeah!!"),
    ],
    "cp949": [
        ("서태지와 아이들", "하여가", "서태지와 아이들 II"), ("김광석", "서른 즈음에", "네번째"),
        ("H.O.T.", "캔디", "우리가 미워하는"), ("이문세", "광화문 연가", "이문세 5집"),
    ],
    "gb18030": [
        ("邓丽君", "甜蜜蜜", "精选"), ("崔健", "一无所有", "新长征路上的摇滚"), ("王菲", "我愿意", "迷"),
        ("小虎队", "爱", "爱"), ("邓丽君", "小城故事", "精选"),
    ],
    "big5hkscs": [
        ("鄧麗君", "我只在乎你", "精選集"), ("羅大佑", "童年", "之乎者也"), ("張學友", "吻別", "吻別"),
        ("鄧麗君", "何日君再來", "精選集"),
    ],
    "cp866": [
        ("Кино", "Группа крови", "Группа крови"), ("Алиса", "Всё это рок-н-ролл", "Шестой лесничий"),
        ("Машина времени", "Поворот", "В добрый час"),
    ],
}  # fmt: skip
N_WRONG = {"cp1250": 1, "cp1251": 1, "cp1253": 1}


@pytest.mark.parametrize(
    ("encoding", "names"), [(encoding, names) for encoding, pairs in NAMES.items() for names in pairs]
)
def test_an_artist_and_a_title_are_enough(encoding, names):
    fields = [name.encode(encoding)[:30] for name in names]  # as ID3v1 cuts them
    guess = guess_encoding(fields)
    assert [decode_field(field, guess) for field in fields] == [decode_field(field, encoding) for field in fields]


@pytest.mark.parametrize("encoding", TRIPLES)
def test_artist_title_and_album(encoding):
    wrong = []
    for names in TRIPLES[encoding]:
        fields = [name.encode(encoding)[:30] for name in names]
        guess = guess_encoding(fields)
        if [decode_field(field, guess) for field in fields] != [decode_field(field, encoding) for field in fields]:
            wrong.append((names, guess))
    assert len(wrong) <= N_WRONG.get(encoding, 0), wrong


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp1250", "Małgośka"), ("cp1250", "Žízeň"), ("cp1250", "Żółw"), ("cp1250", "Łąki Łan"), ("cp1254", "Şıkıdım"),
        ("cp1254", "Ağlattı Kader"), ("cp1257", "Prāta Vētra"), ("cp1257", "Žodžiai į tylą"), ("cp932", "秋桜"),
    ],
)  # fmt: skip
def test_one_name_is_not_of_another_script(encoding, name):
    """More than half the letters of some of these words are beyond ASCII."""
    raw = name.encode(encoding)
    guess = guess_encoding([raw])
    assert decode_field(raw, guess) == name, guess


def test_the_path_shows_the_letters():
    fields = ["ЧАЙФ".encode("koi8-r"), "АРГЕНТИНА".encode("koi8-r")]  # in another encoding, words in small letters
    assert decode_field(fields[0], guess_encoding(fields)) != "ЧАЙФ"
    assert decode_field(fields[0], guess_encoding(fields, "/music/Чайф/Аргентина.mp3")) == "ЧАЙФ"


def test_likely_encodings_begin_with_the_guess():
    fields = ["青花瓷".encode("gbk")]  # too little for a guess
    assert possible_encodings(fields)[0] == guess_encoding(fields) and "gb18030" in possible_encodings(fields)
    assert possible_encodings(["Ágætis".encode()])[0] == "utf-8"


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
