"""Pages are read in the encoding that they are in, whatever they declare and however mixed."""

from __future__ import annotations

import pytest

from crawler.extraction.page.encoding import declared, decode, encoding_named

GERMAN = (
    "Über die Brücke fährt künftig täglich ein größerer Bus, erklärte die Bürgermeisterin. " * 6
)
LATIN = "Volonté, «été», “quoted” — déjà vu à 5 € près… Müller. " * 4
RUSSIAN = (
    "Совет встретился на набережной и решил починить ворота шлюза до зимы. «РОССИЯ» пишет. " * 4
)
JAPANESE = "議会は夕方に岸壁で会合を開き、冬の嵐が来る前に古い水門を修理することを決めた。" * 6
CHINESE = "市议会傍晚在码头开会,决定在冬季风暴到来之前修理旧船闸的大门。" * 6
PLAIN = RUSSIAN.replace("«", "").replace("»", "")
GREEK = "Το συμβούλιο συνεδρίασε στην προκυμαία και αποφάσισε να επισκευάσει την παλιά πύλη. " * 6
POLISH = (
    "Rada miasta zebrała się wieczorem na nabrzeżu i postanowiła naprawić starą śluzę przed zimą. "
    * 6
)
TAIWANESE = "市議會傍晚在碼頭開會,決定在冬季風暴到來之前修理舊船閘的大門。" * 6
KOREAN = (
    "시의회는 저녁에 부두에서 회의를 열고 겨울 폭풍이 오기 전에 낡은 수문을 수리하기로 했다. " * 6
)


def page(declaration: str, text: str, lang: str = "") -> str:
    said = f' lang="{lang}"' if lang else ""
    return f"<!doctype html><html{said}><head>{declaration}<title>T</title></head><body><p>{text}"


def meta(label: str) -> str:
    return f'<meta charset="{label}">'


@pytest.mark.parametrize("strays", [1, 5, 60])
@pytest.mark.parametrize(
    "label", ["utf-8", "iso-8859-1", "windows-1252", "", "gb2312", "utf-16", "bogus"]
)
@pytest.mark.parametrize("stray", ["schön ", "“so” – 5 € ", "É: «volonté»! "])
def test_stray_bytes_in_utf8_cost_no_other(strays: int, label: str, stray: str) -> None:
    body = page(meta(label) if label else "", GERMAN).encode() + (stray * strays).encode("cp1252")
    assert decode(body) == page(meta(label) if label else "", GERMAN) + stray * strays


@pytest.mark.parametrize("label", ["windows-1252", "utf-8", ""])
def test_some_utf8_in_a_legacy_page_is_read_as_such(label: str) -> None:
    start = page(meta(label) if label else "", LATIN * 5, "fr")
    assert (
        decode(start.encode("cp1252") + "Zoë’s café 😀 – 3 €".encode())
        == start + "Zoë’s café 😀 – 3 €"
    )


@pytest.mark.parametrize(
    ("text", "cut"), [(GERMAN + "ü", 1), (JAPANESE, 1), (JAPANESE, 2), ("é" * 9 + "😀", 2)]
)
def test_a_page_cut_within_a_character_ends_before_it(text: str, cut: int) -> None:
    whole = page("", text)
    assert decode(whole.encode()[:-cut]) == whole[:-1]


def test_half_a_character_amid_its_like_is_marked() -> None:
    body = page("", JAPANESE).encode()
    assert decode(body + b"\xe4\xbd<p>" + "港".encode()) == page("", JAPANESE) + "\ufffd<p>港"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_shows_by_its_zeros(encoding: str) -> None:
    text = page(meta("utf-8"), GERMAN)
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("label", ["utf-16", "utf-16le", "UTF-16BE", "utf-32", "x-user-defined", "rot13", "hex",
                                   "unicode_escape", "utf-7", "idna", "²"])  # fmt: skip
def test_ascii_is_ascii_whatever_is_declared(label: str) -> None:
    text = page(meta(label), "The gate \\u0041 +ADw- shut.")
    assert decode(text.encode(), f"text/html; charset={label}") == text


@pytest.mark.parametrize(
    ("encoding", "label", "lang", "text"),
    [
        ("gb18030", "gb2312", "", CHINESE), ("gb18030", "gb18030", "", CHINESE), ("gb18030", "", "zh", CHINESE),
        ("big5", "big5", "", TAIWANESE), ("big5", "", "zh", TAIWANESE), ("big5hkscs", "Big5-HKSCS", "", TAIWANESE),
        ("cp949", "euc-kr", "", KOREAN), ("cp949", "", "ko", KOREAN),
        ("cp932", "shift_jis", "", JAPANESE), ("cp932", "", "ja", JAPANESE), ("euc_jp", "", "ja", JAPANESE),
        ("euc_jp", "euc-jp", "", JAPANESE), ("iso2022_jp", "iso-2022-jp", "", JAPANESE),
        ("iso2022_jp", "", "", JAPANESE), ("cp1251", "windows-1251", "", RUSSIAN), ("koi8-r", "koi8-r", "", PLAIN),
        ("cp1251", "", "ru", RUSSIAN), ("cp866", "ibm866", "", PLAIN), ("koi8-r", "", "", PLAIN), ("cp1251", "", "", RUSSIAN), ("cp1253", "", "", GREEK), ("cp1250", "", "", POLISH), ("cp1252", "", "", GERMAN), ("cp949", "", "", KOREAN), ("gb18030", "", "", CHINESE), ("big5", "", "", TAIWANESE), ("cp932", "", "", JAPANESE), ("cp1252", "", "", LATIN),
        ("cp1252", "utf-8", "fr", LATIN),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stray", [b"", b"\xff ", b"\xff \xff <b>"])
def test_legacy_encodings_with_and_without_stray_bytes(
    encoding: str, label: str, lang: str, text: str, stray: bytes
) -> None:
    whole = page(meta(label) if label else "", text, lang)
    body = whole.encode(encoding, "strict") + stray + b"</p>The end."
    read = decode(body)
    assert read.startswith(whole)
    assert read.endswith("</p>The end.")


@pytest.mark.parametrize("label", ["gbk", "big5", "euc-kr", "shift_jis", "iso-2022-jp", "latin1"])
def test_utf8_under_a_legacy_label_with_stray_bytes(label: str) -> None:
    whole = page(meta(label), JAPANESE)
    assert decode(whole.encode() + b"caf\xe9 ok") == whole + "café ok"


def test_strays_are_read_as_the_languages_legacy_encoding() -> None:
    whole = page(meta("utf-8"), RUSSIAN, "ru")
    assert decode(whole.encode() + "Привет.".encode("cp1251")) == whole + "Привет."


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("<meta charset=iso8859-2>", "iso8859-2"),
        ("<META CharSet = 'ISO8859-2' >", "iso8859-2"),
        ("<meta http-equiv=content-type content='text/html;charset=koi8-r'>", "koi8-r"),
        ("<meta content='text/html; charset = \"koi8-r\"' http-equiv='Content-Type'>", "koi8-r"),
        ("<meta name=x content='text/html; charset=koi8-r'>", None),
        ("<!-- <meta charset=koi8-r> -->", None),
        ("<!--><meta charset=koi8-r>", "koi8-r"),
        ("<p title='<meta charset=koi8-r>'>", None),
        ("<meta charset='bogus'><meta charset=koi8-r>", "koi8-r"),
        ("<meta charset=koi8-r", None),
        ('<meta charset="koi8-r>', None),
        ("<script>" + "x" * 9000 + "</script><meta charset=koi8-r>", "koi8-r"),
        ('<?xml version="1.0" encoding="euc-kr"?><html>', "cp949"),
        ("<meta charset=utf-16>", "utf-8"),
    ],
)
def test_what_a_page_declares(head: str, name: str | None) -> None:
    assert declared(head.encode()) == name


def test_http_goes_before_the_page() -> None:
    body = page(meta("koi8-r"), RUSSIAN).encode("cp1251")
    assert RUSSIAN in decode(body, "text/html; charset=windows-1251")
    assert encoding_named(" Latin1 ") == "cp1252"
