"""Which encoding a short text is in, where statistics alone are wrong, and what is no text although it looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.extraction import kinds, western
from ingest_desktop.extraction.detect import kind_of, looks_like_text
from ingest_desktop.extraction.encoding import decode, encoding_of, encoding_of_head, guess_encoding
from ingest_desktop.extraction.readers.text import TextReader, segment_text

from .conftest import OPTIONS, memory


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("La città è più bella", "cp1252"),
        ("perché è così", "cp1252"),
        ("l'abilità di gestire", "cp1252"),
        ("Essenziale: sì, però", "cp1252"),
        ("Vedere Sezione 3.2, «Init systemd».", "cp1252"),
        ("für die Verwaltung größer", "cp1252"),
        ("Ce fût déjà l’été où l’œuvre naquit", "cp1252"),
        ("¿Qué pasó mañana?", "cp1252"),
        ("Il coûte 20 €, et le café est compris", "iso8859-15"),
        ("présente dans", "cp850"),
        ("ZURÜCK ZU DEN GRUNDLAGEN", "cp850"),
        ("größere Änderungen für die Straße", "mac-roman"),
        ("Žluťoučký kůň úpěl ďábelské ódy", "cp1250"),
        ("Proszę się nie spóźnić, bo będzie żal", "cp1250"),
        ("Paragraful „unu” și ţara noastră, în România mea", "cp1250"),
        ("L'élève a reçu la clé du château où œuvrait le maître; ça va déjà.\n", "cp1252"),
        ("Müller & Söhne GmbH, Königstraße 5, Düsseldorf", "mac-roman"),
        ("Příští týden přijede pan Müller z Německa, sejdeme se v pět hodin u nádraží", "cp1250"),
        ("Dziękuję, pan Müller przyjedzie w środę, żeby obejrzeć łódź", "cp852"),
        ("Țara și pădurea sunt frumoase în iarnă, iar mâine plecăm".replace("Ț", "Ţ").replace("ș", "ş"), "cp1250"),
        ("Дорогая Анна, сегодня идёт дождь", "koi8-r"),
        ("Дорогая Анна, сегодня идёт дождь", "cp1251"),
    ],
)
def test_short_texts_are_read_as_they_were_written(text: str, encoding: str) -> None:
    data = text.encode(encoding, "ignore")
    assert decode(data, encoding_of(data)) == decode(data, encoding)


@pytest.mark.parametrize(
    ("first", "second", "encoding"),
    [
        ("Désolée.", "Désolée, señor.", "cp1252"),
        ("Désolée.", "Très drôle.", "cp1252"),
        ("Tu étais où, hier ?", "Bien sûr !", "cp1252"),
        ("Schöne Grüße", "Über alles", "cp1252"),
        ("Señor", "¡Adiós!", "cp1252"),
        ("Köszönöm szépen.", "Nem értem őt.", "cp1250"),
        ("你好嗎?", "我很好,謝謝。", "big5"),
        ("OK 你好", "Hello 謝謝", "big5"),
        ("你好吗?", "我很好,谢谢。", "gb18030"),
        ("안녕하세요", "잘 지내요", "cp949"),
    ],
)
def test_two_cues_of_subtitles_are_read_as_they_were_written(first: str, second: str, encoding: str) -> None:
    text = f"1\n00:00:01,000 --> 00:00:03,000\n{first}\n\n2\n00:00:04,000 --> 00:00:06,000\n{second}\n"
    data = text.encode(encoding)
    assert decode(data, encoding_of(data)) == text


def test_colours_of_a_terminal_do_not_hide_what_a_text_is_in() -> None:
    text = "\x1b[1;32mДорогая Анна\x1b[0m, сегодня идёт дождь, и всё хорошо"
    assert encoding_of(text.encode("cp1251")) == "cp1251"


def test_numbers_of_two_bytes_are_no_text() -> None:
    numbers = b"".join(number.to_bytes(2, "big") for number in range(300)) * 4
    assert encoding_of_head(numbers) is None
    assert not looks_like_text(numbers)
    assert encoding_of_head("Grüße,\r\n\tAnna".encode("utf-16-be")) == "utf-16-be"
    assert encoding_of_head("Grüße,\r\n\tAnna".encode("utf-16-le")) == "utf-16-le"


@given(st.binary(min_size=1, max_size=300), st.sampled_from(("cp1252", "cp850", "mac-roman", "cp1250", "koi8-r")))
def test_any_bytes_are_judged(data: bytes, guessed: str) -> None:
    assert western.reading(data, guessed) in {None, "cp1252", "cp850", "mac-roman"}
    data.decode(guess_encoding(data), "replace")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_log_that_begins_with_space_it_reserved_is_text(encoding: str) -> None:
    lines = "".join(f"2024-05-12 09:{minute:02}:00 Gerät für Köln läuft\n" for minute in range(60))
    data = bytes(4096) + lines.encode(encoding)
    source = memory(data, "a.log")
    plan = TextReader().plan(source, OPTIONS)

    assert kind_of(source) == kinds.TEXT
    assert segment_text(source, plan, plan.segments[0]) == lines
    assert kind_of(memory(bytes(4096) + b'{"a": 1}\n{"a": 2}\n', "b.jsonl")) == kinds.JSONL


@pytest.mark.parametrize(
    "data", [bytes(8192), bytes(4096) + b"ab\0\0" * 400, bytes(4096) + b"\1CD001\1" + bytes(900), bytes(40) + b"abc"]
)
def test_nuls_before_what_is_no_text_make_none(data: bytes) -> None:
    assert not looks_like_text(data)


CHINESE = "一九八四年四月，天气晴朗而寒冷，钟敲了十三下。\n他走进胜利大厦的玻璃门。\n"
JAPANESE = "吾輩は猫である。名前はまだ無い。\nどこで生れたかとんと見当がつかぬ。 1905年\n"
KOREAN = "계절이 지나가는 하늘에는 가을로 가득 차 있습니다.\n나는 아무 걱정도 없이 별을 헤일 듯합니다.\n"


@pytest.mark.parametrize("text", [CHINESE, JAPANESE, KOREAN])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_east_asian_text_in_pairs_of_bytes_needs_no_mark(text: str, encoding: str) -> None:
    source = memory((text * 3).encode(encoding), "a.txt")
    assert kind_of(source) == kinds.TEXT
    plan = TextReader().plan(source, OPTIONS)
    assert segment_text(source, plan, plan.segments[0]) == text * 3


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_not_taken_for_east_asian_text(seed: int) -> None:
    import random

    assert encoding_of_head(random.Random(seed).randbytes(5000)) is None


def test_pairs_of_small_letters_are_no_east_asian_text() -> None:
    assert encoding_of_head(b"abcdefghijklmnopqrstuvwxyz" * 20 + b"\0") is None
