"""Names in ZIP archives without the flag for UTF-8: guessed over all names of the archive together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.extraction.zip_names import FIRST, decoded, page_of

from .archive_kit import got, zipped

ARCHIVES = [
    ("cp866", ["Отчёт за март.txt", "Документы/Счёт № 12.txt", "Фотографии/Отпуск 2009.txt"]),
    ("cp866", ["Привет.txt"]),
    ("cp1251", ["Отчёт за март.txt", "Документы/Договор аренды.txt"]),
    ("koi8-r", ["Отчет за март.txt", "Документы/Договор аренды.txt"]),
    ("cp1125", ["Звіт за березень.txt", "Документи/Угода.txt"]),
    ("cp932", ["報告書.txt", "見積書_2020年.txt", "写真/夏休み.txt"]),
    ("cp932", ["表示.txt"]),  # the second byte of its first sign is a backslash
    ("gb18030", ["报告.txt", "照片/暑假.txt", "新建文本文档.txt"]),
    ("gb18030", ["简历.txt"]),
    ("gb18030", ["合同.txt", "新建文本文档.txt", "联通.txt"]),  # the last one would be valid UTF-8
    ("big5", ["報告書.txt", "照片/暑假.txt", "新增文字文件.txt"]),
    ("cp949", ["보고서.txt", "사진/여름방학.txt", "새 텍스트 문서.txt"]),
    ("cp437", ["Übung.txt", "Straße/Grüße aus Köln.txt"]),
    ("cp850", ["Présentation.txt", "Été à la plage/Hôtel.txt"]),
    ("cp850", ["Relatório de março.txt", "Ações/Situação.txt", "São João.txt"]),
    ("cp1252", ["Übung.txt", "Straße/Grüße aus Köln.txt"]),
    ("cp852", ["Smlouva o nájmu.txt", "Žluťoučký kůň.txt", "Příloha č. 3.txt"]),
    ("cp1250", ["Zażółć gęślą jaźń.txt", "Umowa najmu/Łódź.txt"]),
    ("cp737", ["Αναφορά.txt", "Φωτογραφίες/καλοκαίρι.txt"]),
    ("cp862", ["דוח.txt", "תמונות/קיץ.txt", "מסמך חדש.txt"]),
    ("cp1256", ["تقرير.txt", "صور/الصيف.txt"]),
    ("utf-8", ["Отчёт.txt", "報告書.txt", "Grüße.txt"]),
]


def unflagged(names: list[bytes]) -> bytes:
    """An archive with these names as they are, and no word on their encoding."""
    held = [b"%06d" % number + b"x" * (len(raw) - 6) for number, raw in enumerate(names)]
    assert min(map(len, names)) >= 6
    data = zipped(*[(name.decode(), b"text %d" % number) for number, name in enumerate(held)])
    for name, raw in zip(held, names, strict=True):
        data = data.replace(name, raw)
    return data


@pytest.mark.parametrize(("page", "names"), ARCHIVES)
def test_the_code_page_is_told_by_all_names_together(page: str, names: list[str]) -> None:
    found = got(unflagged([name.encode(page) for name in names]))
    assert found.parts == {name: f"text {number}" for number, name in enumerate(names)}


def test_names_in_ascii_and_flagged_ones_stay_what_they_are() -> None:
    raw = ["Отчёт за март.txt".encode("cp866"), b"letter.txt"]
    assert list(got(unflagged(raw)).parts) == ["Отчёт за март.txt", "letter.txt"]
    assert list(got(zipped(("Grüße.txt", b"a"), ("報告書.txt", b"b"))).parts) == ["Grüße.txt", "報告書.txt"]


def test_one_name_that_is_no_utf8_does_not_spoil_those_that_are() -> None:
    names = ["Смета.txt".encode(), "Письмо.txt".encode(), "Отчёт за март.txt".encode("cp866")]
    assert decoded(names) == ["Смета.txt", "Письмо.txt", "Отчёт за март.txt"]


def test_an_archive_whose_directory_is_gone_has_its_names_guessed_too() -> None:
    data = unflagged([name.encode("cp866") for name in ("Отчёт за март.txt", "Смета.txt")])
    found = got(data[: data.index(b"PK\1\2")])
    assert list(found.parts) == ["Отчёт за март.txt", "Смета.txt"]


def test_what_makes_no_sense_anywhere_keeps_the_first_code_page() -> None:
    assert page_of([b"\xfe\xff\xfd\x81"]) == FIRST


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=8))
def test_any_names_are_told(names: list[bytes]) -> None:
    found = decoded(names)
    assert len(found) == len(names)
    assert [told for told, raw in zip(found, names, strict=True) if raw.isascii()] == [
        raw.decode() for raw in names if raw.isascii()
    ]
    assert decoded(names) == found
