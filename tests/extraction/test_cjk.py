"""The terms of Han, Kana and Hangul runs."""

from hypothesis import given
from hypothesis import strategies as st

from ingest_desktop.domain.cjk import cjk_runs, cjk_terms, has_cjk


def test_runs_become_pairs_and_a_last_single() -> None:
    assert cjk_terms("東京都") == "東京 京都 都"
    assert cjk_terms("the 東京 tower 塔") == "東京 京 塔"
    assert cjk_terms("カタカナ") == "カタ タカ カナ ナ"
    assert cjk_terms("한국어 text") == "한국 국어 어"
    assert cjk_terms("𠮷野家") == "𠮷野 野家 家"


def test_other_scripts_have_none() -> None:
    assert cjk_terms("plain") is None
    assert cjk_terms("naïve “quotes” → Ünïcode Привет") is None


@given(st.text())
def test_the_parts_agree(text: str) -> None:
    runs = cjk_runs(text)
    assert has_cjk(text) == bool(runs) == (cjk_terms(text) is not None)
    if runs:
        terms = (cjk_terms(text) or "").split()
        assert len(terms) == sum(len(run) for run in runs)
        assert {run[-1] for run in runs} <= set(terms)


def test_every_character_is_known_for_what_it_is() -> None:
    every = [*range(0xD800), *range(0xE000, 0x30000)]
    assert [code for code in every if has_cjk(chr(code)) != bool(cjk_runs(chr(code)))] == []
