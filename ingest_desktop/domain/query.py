"""What a person typed into the search field, read once and for all.

The language: plain words (any of them), "phrases", prefix*, AND, OR, -not (or NOT), parentheses. What is
not valid in it is read as plain words, never refused. Nothing here knows the index.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final, Literal

from ingest_desktop.domain.cjk import cjk_terms

MAX_QUERY_CHARS: Final = 2_000
MAX_WORDS: Final = 32

STOP_WORDS: Final = frozenset(
    "a an and are as at be but by for from had has have how i in into is it its of on or that the their then there "
    "these they this to was we were what when where which who why will with you your not no if do does can".split()
)

_TOKEN: Final = re.compile(
    r"""
    (?P<minus>(?<![^\s(])-(?=[\w"(]))     # a minus that begins a word, a phrase or a group
  | "(?P<phrase>[^"]*)"(?P<phrase_star>\*)?
  | (?P<open>\() | (?P<close>\))
  | (?P<word>[^\s"()*]+)(?P<star>\*)?
  | (?P<bad>["*])
    """,
    re.VERBOSE,
)
_WORD_PARTS: Final = re.compile(r"\w+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Term:
    """A word, several words in a row, or the beginning of a word."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Parts that all (AND) or any (OR) must match, and parts that must not."""

    how: Literal["and", "or"]
    parts: tuple["Term | Group", ...]
    without: tuple["Term | Group", ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """``read_as`` is "words" when the text was not valid in the language."""

    root: Group | None
    read_as: Literal["query", "words"]

    def terms(self) -> tuple[Term, ...]:
        """Every term that may be found, in reading order; not the excluded ones."""
        return tuple(_positive_terms(self.root)) if self.root else ()


class _Invalid(Exception):
    """The text is not valid in the language."""


def parse_query(text: str) -> ParsedQuery:
    """Read a query. Never raises."""
    text = text[:MAX_QUERY_CHARS].replace("“", '"').replace("”", '"').replace("\x00", " ").replace("\xad", "")
    text = _composed(text)
    try:
        parser = _Parser(list(_tokens(text)))
        return ParsedQuery(parser.run(), "query")
    except (_Invalid, RecursionError):
        words = [Term((word,)) for word in dict.fromkeys(_WORD_PARTS.findall(text))]
        return ParsedQuery(Group("or", _without_stop_words(words)[:MAX_WORDS]) if words else None, "words")


def _composed(text: str) -> str:
    """Accents with their letters: apart from it they are no part of a word to what follows.

    A sign that this would change though it stands alone, as letters of Hindi and Hebrew, is in the index as it is.
    """
    if text.isascii():
        return text
    runs = groupby(text, partial(unicodedata.is_normalized, "NFC"))
    return "".join(unicodedata.normalize("NFC", "".join(run)) if is_same else "".join(run) for is_same, run in runs)


def _tokens(text: str) -> Iterator[tuple[str, Term | None]]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if match["phrase"] is not None:
            words = tuple(_WORD_PARTS.findall(match["phrase"]))
            if words:
                yield "term", Term(words, prefix=bool(match["phrase_star"]))
        elif match["word"] is not None:
            word = match["word"]
            if word in ("AND", "OR", "NOT") and not match["star"]:
                yield word.lower(), None
                continue
            # "state-of-the-art" and "e.g." are their parts in a row, as the index cuts them
            words = tuple(_WORD_PARTS.findall(word))
            if words:
                yield "term", Term(words, prefix=bool(match["star"]))
        elif kind == "bad":
            raise _Invalid
        elif match["minus"]:
            yield "not", None
        else:
            yield ("open" if match["open"] else "close"), None


class _Parser:
    """or := and (OR? and)*;  and := unit (AND unit)*;  unit := [NOT] (term | "(" or ")")."""

    def __init__(self, tokens: list[tuple[str, Term | None]]) -> None:
        if sum(kind == "term" for kind, _ in tokens) > MAX_WORDS:
            raise _Invalid
        self._tokens = tokens
        self._at = 0

    def run(self) -> Group | None:
        if not self._tokens:
            return None
        group = self._any()
        if self._at < len(self._tokens):
            raise _Invalid
        return group

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else "end"

    def _any(self) -> Group:
        parts: list[Term | Group] = []
        without: list[Term | Group] = []
        wants_more = True
        while wants_more or self._peek() not in ("end", "close"):
            found, negated = self._all()
            parts.extend(found)
            without.extend(negated)
            wants_more = self._peek() == "or"
            if wants_more:
                self._at += 1
        if not parts:
            raise _Invalid  # nothing but exclusions
        return Group("or", _without_stop_words(parts), tuple(without))

    def _all(self) -> tuple[list[Term | Group], list[Term | Group]]:
        parts: list[Term | Group] = []
        without: list[Term | Group] = []
        is_chain = False
        while True:
            negated = self._peek() == "not"
            if negated:
                self._at += 1
            (without if negated else parts).append(self._unit())
            if self._peek() != "and":
                break
            is_chain = True
            self._at += 1
        if is_chain and len(parts) + len(without) > 1 and parts:
            return [Group("and", tuple(parts), tuple(without))], []
        return parts, without

    def _unit(self) -> Term | Group:
        kind = self._peek()
        if kind == "open":
            self._at += 1
            group = self._any()
            if self._peek() != "close":
                raise _Invalid
            self._at += 1
            return group
        if kind != "term":
            raise _Invalid
        term = self._tokens[self._at][1]
        self._at += 1
        assert term is not None
        return term


def _without_stop_words(parts: "list[Term] | list[Term | Group]") -> "tuple[Term | Group, ...]":
    """Drop single words that say nothing, unless nothing else is left."""
    kept = tuple(
        part
        for part in parts
        if not (isinstance(part, Term) and len(part.words) == 1 and part.words[0].lower() in STOP_WORDS)
    )
    return kept or tuple(parts)


def _positive_terms(part: "Term | Group") -> Iterator[Term]:
    if isinstance(part, Term):
        yield part
    else:
        for inner in part.parts:
            yield from _positive_terms(inner)


def to_fts5(group: Group) -> str:
    """The query for an FTS5 table with the columns ``heading``, ``text`` and ``cjk``.

    Every word is quoted, so nothing that was typed can be read as syntax.
    """
    joined = f" {group.how.upper()} ".join(_part(part) for part in group.parts)
    if not group.without:
        return f"({joined})"
    return f"(({joined}) NOT ({' OR '.join(_part(part) for part in group.without)}))"


def _part(part: Term | Group) -> str:
    return to_fts5(part) if isinstance(part, Group) else _term(part)


def _term(term: Term) -> str:
    star = "*" if term.prefix else ""
    phrase = "{heading text} : " + '"' + " ".join(term.words) + '"' + star
    runs = cjk_terms(" ".join(term.words))
    if runs is None:
        return f"({phrase})"
    grams = runs.split()
    if len(grams) == 1:
        found = f'cjk : "{grams[0]}"*'  # one character: any bigram that begins with it, or a run that ends in it
    else:
        # the last character of a run is indexed alone only where the run ends there, so it is left out
        found = " AND ".join(f'cjk : "{" ".join(run)}"' for run in _runs(grams) if run)
    rest = [word for word in term.words if cjk_terms(word) is None]
    if rest:
        found = f'({found}) AND {{heading text}} : "{" ".join(rest)}"'
    return f"(({found}) OR ({phrase}))"


def _runs(grams: list[str]) -> Iterator[list[str]]:
    """Bigrams of each run, without the single character that ends it; a run of one character alone keeps it."""
    run: list[str] = []
    for gram in grams:
        if len(gram) == 1:
            yield run or [gram]
            run = []
        else:
            run.append(gram)
    if run:
        yield run
