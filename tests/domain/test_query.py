"""The query language, and that no text whatever is refused by the full-text engine."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest_desktop.domain.cjk import cjk_terms
from ingest_desktop.domain.query import MAX_QUERY_CHARS, MAX_WORDS, STOP_WORDS, Group, Term, parse_query, to_fts5

TEXTS = {
    1: "the quick brown fox",
    2: "brown bears eat honey",
    3: "foxes and bears",
    4: "state-of-the-art machine",
    5: "東京都の天気は晴れ",
    6: "京都の寺 visit Kyoto",
    7: "we measure 北京大学 rankings",
    8: "scho\u0308n gelegen",
    9: "\u092a\u095d\u0928\u093e \ufb2a\u05dc\u05d5\u05dd \uf900",
}


@pytest.fixture(scope="module")
def table() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE t USING fts5(heading, text, cjk, content='', tokenize='porter unicode61')"
        )
        for rowid, text in TEXTS.items():
            connection.execute(
                "INSERT INTO t (rowid, heading, text, cjk) VALUES (?, '', ?, ?)", (rowid, text, cjk_terms(text) or "")
            )
        yield connection


def found(table: sqlite3.Connection, query: str) -> set[int]:
    parsed = parse_query(query)
    if parsed.root is None:
        return set()
    return {row[0] for row in table.execute("SELECT rowid FROM t WHERE t MATCH ?", (to_fts5(parsed.root),))}


@pytest.mark.parametrize(
    ("query", "expected", "read_as"),
    [
        ("honey fox", {1, 2, 3}, "query"),  # any of them, stemmed
        ('"brown fox"', {1}, "query"),
        ("“brown fox”", {1}, "query"),
        ('"brown bears" quick', {1, 2}, "query"),
        ("hon*", {2}, "query"),
        ('"brown be"*', {2}, "query"),
        ("brown AND bears", {2}, "query"),
        ("brown AND bears OR quick", {1, 2}, "query"),
        ("quick OR honey", {1, 2}, "query"),
        ("bears -honey", {3}, "query"),
        ("bears NOT honey", {3}, "query"),
        ("brown AND -fox", {2}, "query"),
        ("(brown OR foxes) AND bears", {2, 3}, "query"),
        ("bears -(brown AND honey)", {3}, "query"),
        ('bears -"brown bears"', {3}, "query"),
        ("state-of-the-art", {4}, "query"),
        ("of-the", {4}, "query"),
        ("東京", {5}, "query"),
        ("京都", {5, 6}, "query"),
        ("東京都", {5}, "query"),
        ("晴", {5}, "query"),
        ("れ", {5}, "query"),
        ("大学", {7}, "query"),
        ("大学 Kyoto", {6, 7}, "query"),
        ("大学 AND rankings", {7}, "query"),
        ("京都 -Kyoto", {5}, "query"),
        ("schön", {8}, "query"),
        ("scho\u0308n", {8}, "query"),  # as macOS writes names
        ("ge\xadle\xadgen", {8}, "query"),  # as it is copied from a page
        ("\u092a\u095d\u0928\u093e", {9}, "query"),  # letters that have no other composed form, of Hindi
        ("\ufb2a\u05dc\u05d5\u05dd", {9}, "query"),  # and of Hebrew
        ("\uf900", {9}, "query"),
        # what is not valid is read as plain words
        ('"brown fox', {1, 2, 3}, "words"),
        ("fox AND", {1, 3}, "words"),
        ("AND fox", {1, 3}, "words"),
        ("(fox", {1, 3}, "words"),
        ("fox)", {1, 3}, "words"),
        ("*", set(), "words"),
        ("-honey", {2}, "words"),
        ("fox OR OR bears", {1, 2, 3}, "words"),
        ("()", set(), "words"),
        ("", set(), "query"),
        ("   ", set(), "query"),
        ("heading:fox", set(), "query"),  # no column syntax: two words in a row
        ("text : fox", {1, 3}, "query"),
        ("NEAR(fox brown)", {1, 2, 3}, "query"),
        ("fox^2", set(), "query"),
    ],
)
def test_the_language(table: sqlite3.Connection, query: str, expected: set[int], read_as: str) -> None:
    assert parse_query(query).read_as == read_as
    assert found(table, query) == expected


ALPHABET = st.sampled_from(
    [*"ab \"*()-+^:{}\\'\x00\n,.;/東京都ひカナ한글é_0\ud800“”", "AND", " OR ", "NOT ", "NEAR", "the "]
)
QUERIES = st.lists(ALPHABET, max_size=40).map("".join) | st.text(max_size=60)


@given(text=QUERIES)
@example(text="(" * 1_500)
@example(text="-" * 2_000)
@example(text='"' * 3)
@example(text="_* AND -_")
@example(text="x AND (y OR -z)")
@example(text="東" * 500)
def test_no_text_is_refused(table: sqlite3.Connection, text: str) -> None:
    parsed = parse_query(text)
    if parsed.root is not None:
        table.execute("SELECT rowid FROM t WHERE t MATCH ? LIMIT 1", (to_fts5(parsed.root),)).fetchall()
    assert all(term.words for term in parsed.terms())


def words_of(query: str) -> list[str]:
    return [" ".join(term.words) for term in parse_query(query).terms()]


def test_stop_words_are_left_out_unless_nothing_else_is_there() -> None:
    assert words_of("what is the weight of a fox") == ["weight", "fox"]
    assert words_of("to be or not to be") == ["to", "be", "or", "not", "to", "be"]
    assert words_of('"the" fox') == ["fox"]
    assert words_of('"to be" fox') == ["to be", "fox"]  # a phrase is meant as it stands
    assert "fox" not in STOP_WORDS


def test_excluded_words_are_not_among_the_terms() -> None:
    assert words_of("bears -honey NOT bees") == ["bears"]


def test_a_group_keeps_its_prefix_and_its_negation() -> None:
    root = parse_query("fo* -ba*").root
    assert root == Group("or", (Term(("fo",), prefix=True),), (Term(("ba",), prefix=True),))


def test_a_question_of_many_words_keeps_those_that_say_something() -> None:
    question = "what is the " * 40 + " ".join(f"w{number}" for number in range(20)) + " rareword"
    assert "rareword" in words_of(question)
    long = parse_query(" ".join(f"w{number}" for number in range(MAX_WORDS + 10)))
    assert (long.read_as, len(long.terms())) == ("words", MAX_WORDS)


def test_a_very_long_text_is_cut() -> None:
    assert words_of("x" * (MAX_QUERY_CHARS + 5)) == ["x" * MAX_QUERY_CHARS]
