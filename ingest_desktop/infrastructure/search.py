"""Full-text search over knowledge bases: SQLite FTS5, ranked by bm25."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from sqlalchemy import Connection

from ingest_desktop.domain.cjk import cjk_terms
from ingest_desktop.domain.errors import StoreError
from ingest_desktop.domain.models import Hit, SearchPage
from ingest_desktop.domain.models.content import MARK_END, MARK_START
from ingest_desktop.domain.query import Group, ParsedQuery, Term, parse_query, to_fts5
from ingest_desktop.infrastructure.content_rows import CHUNK_COLUMNS, CHUNK_JOINS, chunk_fields
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import reading

RARE_WORDS: Final = 8  # longer questions are searched by their rarest words; see `Speed` in the design's facts
SNIPPET_TOKENS: Final = 48

_RANKED = (
    f"SELECT {CHUNK_COLUMNS}, -f.rank, snippet(chunks_fts, 1, ?, ?, '…', {SNIPPET_TOKENS}) "
    f"FROM chunks_fts f JOIN chunks c ON c.id = f.rowid {CHUNK_JOINS} "
    "WHERE f.chunks_fts MATCH ? AND v.live = 1 ORDER BY {order} LIMIT ?"
)


class FullTextIndex:
    """Answers queries from the knowledge bases' own full text. Any thread."""

    def __init__(self, store_of: Callable[[str], KnowledgeBaseStore | None]) -> None:
        """``store_of`` gives the open store of a knowledge base, or None when it is gone."""
        self._store_of = store_of

    def search(self, query: str, *, kb_ids: Sequence[str], limit: int = 50, typing: bool = False) -> SearchPage:
        """See ``SearchIndex``."""
        started = time.perf_counter()
        limit = max(1, min(limit, 1_000))
        parsed = parse_query(query)
        read_as: Literal["query", "words", "prefix"] = parsed.read_as
        if typing:
            parsed = _as_typed(parsed, query)
            read_as = "prefix"
        hits: list[Hit] = []
        documents = 0
        unreadable: list[str] = []
        for kb_id in kb_ids:
            try:
                store = self._store_of(kb_id)
                if store is None:
                    continue
                found = _search_one(store, parsed, limit + 1, typing) if parsed.root is not None else []
                documents += store.document_count()
            except StoreError:
                if len(kb_ids) == 1:
                    raise
                unreadable.append(kb_id)
                continue
            hits.extend(found)
        if not typing:
            hits.sort(key=lambda hit: -hit.score)
        return SearchPage(
            hits=tuple(hits[:limit]),
            more=len(hits) > limit,
            interpreted=read_as,
            unreadable=tuple(unreadable),
            searched_documents=documents,
            seconds=time.perf_counter() - started,
        )


def _search_one(store: KnowledgeBaseStore, parsed: ParsedQuery, limit: int, typing: bool) -> list[Hit]:
    assert parsed.root is not None
    with reading(store.engine) as connection:
        root = _with_rare_words(connection, parsed.root)
        # While typing, newest first needs no score for every match; a whole word is worth ranking.
        statement = _RANKED.format(order="f.rowid DESC" if typing else "f.rank")
        rows = connection.exec_driver_sql(statement, (MARK_START, MARK_END, to_fts5(root), limit)).all()
    return [_hit(row, store.kb_id, parsed.terms()) for row in rows]


def _hit(row: Sequence[Any], kb_id: str, terms: tuple[Term, ...]) -> Hit:
    score, snippet = row[13], row[14]
    fields = chunk_fields(row, kb_id)
    if MARK_START not in snippet:
        snippet = _plain_snippet(fields["text"], terms)
    return Hit(**fields, score=float(score), snippet=snippet)


def _plain_snippet(text: str, terms: tuple[Term, ...], width: int = 240) -> str:
    """For words that FTS5 cannot mark in the text (Chinese and Japanese, or found in the heading): mark them literally."""
    folded = text.casefold()
    if len(folded) != len(text):
        folded = text.lower() if len(text.lower()) == len(text) else text
    words = {word.casefold() for term in terms for word in term.words}
    spots = sorted((at, at + len(word)) for word in words for at in _occurrences(folded, word))
    start = max(0, spots[0][0] - width // 4) if spots else 0
    stop = min(len(text), start + width)
    parts: list[str] = ["…"] if start else []
    at = start
    for first, last in spots:
        if first < at or last > stop:
            continue
        parts += [text[at:first], MARK_START, text[first:last], MARK_END]
        at = last
    parts.append(text[at:stop])
    return "".join(parts) + ("…" if stop < len(text) else "")


def _occurrences(text: str, word: str, most: int = 20) -> list[int]:
    found: list[int] = []
    at = text.find(word)
    while at >= 0 and len(found) < most:
        found.append(at)
        at = text.find(word, at + len(word))
    return found


def _as_typed(parsed: ParsedQuery, query: str) -> ParsedQuery:
    """The last word is still being written: it is a prefix, unless a blank or a quote ended it."""
    if parsed.root is None or not query or not query[-1].isalnum() or parsed.root.how != "or":
        return parsed
    last = parsed.root.parts[-1]
    if not isinstance(last, Term) or len(last.words[-1]) < 2 or not query.endswith(last.words[-1]):
        return parsed
    parts = (*parsed.root.parts[:-1], Term(last.words, prefix=True))
    return ParsedQuery(Group("or", parts, parsed.root.without), parsed.read_as)


def _with_rare_words(connection: Connection, root: Group) -> Group:
    """Keep the rarest words of a long any-of question; the common ones cost most and say least."""
    if root.how != "or" or len(root.parts) <= RARE_WORDS or not all(isinstance(part, Term) for part in root.parts):
        return root
    terms = [part for part in root.parts if isinstance(part, Term)]
    frequency = {term: _frequency(connection, term) for term in terms}
    known = [term for term in terms if frequency[term]]
    rare = sorted(known or terms, key=lambda term: frequency[term])[:RARE_WORDS]
    return Group("or", tuple(term for term in terms if term in rare), root.without)


def _frequency(connection: Connection, term: Term) -> int:
    """In how many chunks the rarest word of a term stands; for a beginning of a word, the most frequent such word."""
    counts: list[int] = []
    for number, word in enumerate(term.words):
        grams = (cjk_terms(word) or "").split()
        # A word with Chinese or Japanese signs is found by its pairs; a lone last sign stands for any pair with it.
        for part in [gram for gram in grams if len(gram) > 1] or grams or [index_word(word)]:
            is_beginning = bool(grams and len(part) == 1) or (term.prefix and number == len(term.words) - 1)
            last = part + "\U0010ffff" if is_beginning else part
            sql = "SELECT coalesce(max(doc), 0) FROM chunks_terms WHERE term >= ? AND term <= ?"
            counts.append(int(connection.exec_driver_sql(sql, (part, last)).scalar_one()))
    return min(counts)


def index_word(word: str) -> str:
    """A word as the index keeps it: folded and stemmed by the same tokenizer, asked in memory."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE one USING fts5(word, tokenize='porter unicode61')")
        connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(one, row)")
        connection.execute("INSERT INTO one VALUES (?)", (word,))
        row = connection.execute("SELECT term FROM terms").fetchone()
    finally:
        connection.close()
    return str(row[0]) if row else word.lower()
