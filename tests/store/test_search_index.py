"""Finding what was stored: ranked, marked, only what is complete and visible."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from content_kit import edit, plan_of, put, row, segment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_desktop.domain.interfaces.repository import Finished
from ingest_desktop.domain.models import Hit, SearchPage
from ingest_desktop.domain.models.content import MARK_END, MARK_START
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.search import FullTextIndex, index_word


class Shelf:
    """Some knowledge bases and their index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stores: dict[str, KnowledgeBaseStore] = {}
        self.index = FullTextIndex(self.stores.get)
        self.jobs = 0

    def put(self, path: str, *texts: str, heading: str | None = None, kb: str = "library") -> None:
        store = self.stores.get(kb)
        if store is None:
            store = KnowledgeBaseStore(kb, self.folder / kb, backup_dir=self.folder / "b")
            self.stores[kb] = store
        self.jobs += 1
        put(store, path, f"{path} {texts}", [row(text, heading) for text in texts], job=self.jobs)

    def search(self, query: str, **options: object) -> SearchPage:
        kb_ids = options.pop("kb_ids", tuple(self.stores))
        return self.index.search(query, kb_ids=kb_ids, **options)  # type: ignore[arg-type]

    def paths(self, query: str, **options: object) -> list[str]:
        return [hit.source_path for hit in self.search(query, **options).hits]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    for store in shelf.stores.values():
        store.close()


@pytest.fixture
def animals(shelf: Shelf) -> Shelf:
    shelf.put("/fox", "The quick brown fox jumps over the lazy dog")
    shelf.put("/bear", "Brown bears eat honey. A bear, a bear!")
    shelf.put("/bee", "Bees make honey in the garden")
    shelf.put("/long", "honey " + "word " * 200)
    return shelf


def marked(hit: Hit) -> list[str]:
    return [part.split(MARK_END)[0] for part in hit.snippet.split(MARK_START)[1:]]


def test_any_of_the_words_and_the_best_first(animals: Shelf) -> None:
    page = animals.search("brown honey")
    assert page.interpreted == "query" and not page.more
    assert {hit.source_path for hit in page.hits} == {"/fox", "/bear", "/bee", "/long"}
    assert page.hits[0].source_path == "/bear"  # it has both
    scores = [hit.score for hit in page.hits]
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[-1] > 0
    assert page.searched_documents == 4


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ('"quick brown"', {"/fox"}),
        ('"brown quick"', set()),
        ("gard*", {"/bee"}),
        ("brown AND honey", {"/bear"}),
        ("fox OR garden", {"/fox", "/bee"}),
        ("honey -garden", {"/bear", "/long"}),
        ("(fox OR bee) AND honey", {"/bee"}),
        ("BEARS", {"/bear"}),
        ('"quick brown', {"/fox", "/bear"}),  # no valid query: its words
        ("fox AND", {"/fox"}),
        ("nothing-like-it", set()),
        ("", set()),
    ],
)
def test_the_language_finds(animals: Shelf, query: str, paths: set[str]) -> None:
    assert set(animals.paths(query)) == paths


def test_a_query_that_is_none_says_how_it_was_read(animals: Shelf) -> None:
    assert animals.search("fox AND").interpreted == "words"
    assert animals.search("fox").interpreted == "query"


def test_headings_are_found_and_weigh_more(shelf: Shelf) -> None:
    shelf.put("/text", "harbour is mentioned in this text about ships")
    shelf.put("/heading", "this is another text, about ships and more", heading="Guide › The harbour")
    page = shelf.search("harbour")
    assert [hit.source_path for hit in page.hits] == ["/heading", "/text"]
    assert page.hits[0].location.heading_path == ("Guide", "The harbour")
    assert set(shelf.paths("harbour AND ships")) == {"/heading", "/text"}


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("東京都", {"/jp"}),
        ("東京", {"/jp"}),
        ("京都", {"/jp", "/kyoto"}),  # 東京都 holds the pair, too
        ("都", {"/jp", "/kyoto"}),
        ("晴", {"/jp"}),
        ("晴れ", {"/jp"}),
        ("北京大学", {"/cn"}),
        ("大学", {"/cn"}),
        ("学", {"/cn"}),
        ("カタカナ", {"/kana"}),
        ("京都 AND temples", {"/kyoto"}),
        ("大学 rankings", {"/cn"}),
        ("大学 AND nothing", set()),
        ("都天", set()),  # の stands between
        ("京大", {"/cn"}),  # inside 北京大学
        ("学ラ", set()),  # a run ends at the blank
        ("天気晴", set()),
    ],
)
def test_chinese_and_japanese_inside_a_sentence(shelf: Shelf, query: str, paths: set[str]) -> None:
    shelf.put("/jp", "今日の東京都の天気は晴れです")
    shelf.put("/kyoto", "The temples of 京都 are old")
    shelf.put("/cn", "Our 北京大学 ランキング rankings")
    shelf.put("/kana", "これはカタカナで書く")
    shelf.put("/plain", "no signs at all")
    assert set(shelf.paths(query)) == paths


def test_found_words_are_marked(animals: Shelf) -> None:
    (hit,) = animals.search("foxes jumping").hits
    assert marked(hit) == ["fox", "jumps"]
    assert hit.snippet.replace(MARK_START, "").replace(MARK_END, "") == hit.text


def test_a_phrase_is_marked_as_one(animals: Shelf) -> None:
    (hit,) = animals.search('"quick brown fox"').hits
    assert "".join(marked(hit)) == "quick brown fox"


def test_chinese_words_are_marked_in_the_text(shelf: Shelf) -> None:
    shelf.put("/jp", "前" * 500 + "今日の東京都の天気は晴れです" + "後" * 500)
    (hit,) = shelf.search("東京都").hits
    assert marked(hit) == ["東京都"]
    assert hit.snippet.startswith("…") and hit.snippet.endswith("…") and len(hit.snippet) < 300


def test_a_hit_by_its_heading_alone_shows_its_text(shelf: Shelf) -> None:
    shelf.put("/h", "some text of the chapter", heading="Lighthouses")
    (hit,) = shelf.search("lighthouse").hits
    assert hit.snippet == "some text of the chapter"


def test_letters_that_grow_when_folded_do_not_shift_the_marks(shelf: Shelf) -> None:
    shelf.put("/i", "İİİ ẞẞ 東京 ŉ")
    (hit,) = shelf.search("東京").hits
    assert marked(hit) == ["東京"]


def test_while_typing_the_last_word_is_a_beginning_and_the_newest_come_first(animals: Shelf) -> None:
    assert animals.paths("hon", typing=True) == ["/long", "/bee", "/bear"]
    assert animals.paths("hon") == []
    assert animals.search("hon", typing=True).interpreted == "prefix"
    assert animals.paths("fox", typing=True) == ["/fox"]
    assert animals.paths("h", typing=True) == []  # one letter is not worth a look at everything
    assert animals.paths("hon ", typing=True) == []  # a blank ends the word
    assert animals.paths('"brown gard', typing=True) == ["/bee", "/bear", "/fox"]  # an open quote: plain words


def test_only_what_is_complete_and_visible_is_found(shelf: Shelf) -> None:
    shelf.put("/whole", "needle whole")
    shelf.put("/trash", "needle trash")
    store = shelf.stores["library"]
    edit(store, hide=["/trash"])
    plan = plan_of("needle half", 2)
    store.add_segments([segment(plan, 0, ["needle half"])])
    store.commit()
    assert shelf.paths("needle") == ["/whole"]
    store.add_segments([segment(plan, 1, ["second part"])])
    store.finish([Finished("/half", 9, plan, "text/1 seg=1 chunk=900 overlap=0")])
    store.commit()
    edit(store, show=["/trash"])
    assert set(shelf.paths("needle")) == {"/whole", "/half", "/trash"}


def test_a_replaced_version_is_found_no_more(shelf: Shelf) -> None:
    shelf.put("/f", "oldword here")
    shelf.put("/f", "newword here")
    assert (shelf.paths("oldword"), shelf.paths("newword")) == ([], ["/f"])


def test_several_knowledge_bases(shelf: Shelf) -> None:
    shelf.put("/a", "needle and more words that follow", kb="one")
    shelf.put("/b", "needle", kb="two")
    page = shelf.search("needle")
    assert {(hit.kb_id, hit.source_path) for hit in page.hits} == {("one", "/a"), ("two", "/b")}
    assert page.searched_documents == 2
    assert shelf.paths("needle", kb_ids=("two",)) == ["/b"]
    assert shelf.paths("needle", kb_ids=("two", "gone")) == ["/b"]
    assert shelf.paths("needle", kb_ids=()) == []


def test_no_more_than_asked_for(shelf: Shelf) -> None:
    for number in range(7):
        shelf.put(f"/{number}", f"needle number{number}")
    page = shelf.search("needle", limit=5)
    assert len(page.hits) == 5 and page.more
    assert len(shelf.search("needle", limit=7).hits) == 7 and not shelf.search("needle", limit=7).more
    assert len(shelf.search("needle", limit=0).hits) == 1
    assert len(shelf.search("needle", limit=10**9).hits) == 7


def test_a_hit_tells_its_place(shelf: Shelf) -> None:
    shelf.put("/doc", "first part", "second needle part", heading="A › B")
    (hit,) = shelf.search("needle").hits
    record = hit.to_json()
    assert (hit.ordinal, record["location"]) == (1, {"heading_path": ["A", "B"]})
    exported = {chunk.chunk_id: chunk for chunk in shelf.stores["library"].chunks()}
    assert exported[hit.chunk_id].text == hit.text and hit.document_id == exported[hit.chunk_id].document_id


COMMON = [f"common{letter}" for letter in "abcdefghij"]


@pytest.mark.parametrize("rare", ["zymurgy", "zymurg*", '"zymurgy lesson"', "醸造", "醸造学", "醸", "zymurgies"])
def test_a_long_question_keeps_its_rare_words(shelf: Shelf, rare: str) -> None:
    for number in range(5):
        shelf.put(f"/{number}", " ".join(COMMON) + f" filler{number}")
    shelf.put("/rare", "a zymurgy lesson 醸造学の本")
    assert "/rare" in shelf.paths(" ".join([*COMMON, rare]))


def test_a_question_of_unknown_words_finds_nothing(animals: Shelf) -> None:
    assert animals.paths(" ".join(f"unknown{number}" for number in range(12))) == []


def test_words_are_folded_as_the_index_does() -> None:
    assert [index_word(word) for word in ("Running", "CAFÉ", "東京", "---")] == ["run", "cafe", "東京", "---"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=40) | st.lists(st.sampled_from(list('ab"*()-+ :^東京\x00')), max_size=30).map("".join))
def test_hostile_text_is_only_a_question(animals: Shelf, query: str) -> None:
    for typing in (False, True):
        page = animals.search(query, typing=typing)
        assert len(page.hits) <= 4
