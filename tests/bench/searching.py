"""Section ``search``: how long an answer takes at the end of T and P together."""

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from book import NOT_MEASURED, Row, Section, quantile
from indexing import Bench, add, stats
from recoll import Index, what_is_missing

from ingest_desktop.bootstrap import App, build_app
from ingest_desktop.config.settings import load_settings
from ingest_desktop.domain.enums import Actor

WORD = re.compile(r"[^\W\d_]{3,}")
LIMIT = 50  # hits, as the window asks for
EVERY = 17  # of this many chunks one is read to draw queries from


@dataclass(frozen=True, slots=True)
class Asked:
    """A query and the kind it is of."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer took."""

    kind: str
    wall_ms: float
    cpu_ms: float
    hits: int


def draw_queries(texts: list[str], seed: int, count: int = 200) -> list[Asked]:
    """Queries out of the documents' own words: common, middling and rare ones, pairs, phrases, prefixes, questions."""
    draw = random.Random(seed)
    found = Counter(word for text in texts for word in set(WORD.findall(text.casefold())))
    ranked = [word for word, _ in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))]
    frequent, middle = ranked[:60], ranked[300:3000]
    rare = [word for word in ranked if found[word] <= 2] or ranked[-100:]
    rows = [words for text in texts if len(words := WORD.findall(text)) > 12]

    def run_of(length: int) -> str:
        words = draw.choice(rows)
        start = draw.randrange(len(words) - length)
        return " ".join(words[start : start + length])

    kinds: dict[str, Callable[[], str]] = {
        "a frequent word": lambda: draw.choice(frequent),
        "a middling word": lambda: draw.choice(middle),
        "a rare word": lambda: draw.choice(rare),
        "two words": lambda: f"{draw.choice(frequent)} {draw.choice(middle)}",
        "a phrase": lambda: f'"{run_of(3)}"',
        "a prefix": lambda: f"{draw.choice(middle)[: draw.randint(2, 4)]}*",
        "a long question": lambda: f"how does {run_of(8)} work",
    }
    names = list(kinds)
    return [Asked(names[number % len(names)], kinds[names[number % len(names)]]()) for number in range(count)]


def search(bench: Bench) -> Section:
    """200 queries, each asked once as typed and once in full."""
    store, folders = bench.fresh("search"), [bench.set("T"), bench.set("P")]
    add(bench, store, *folders)
    held = stats(store)
    queries = draw_queries(_texts(store), bench.seed)
    app = build_app(load_settings(store), actor=Actor.COMMAND, label="bench")
    try:
        app.search.search("warm", limit=LIMIT)
        modes = {
            "ranked, all of the query": ask_all(app, queries, typing=False),
            "while typing": ask_all(app, queries, typing=True),
        }
    finally:
        app.close()
    section = Section(
        "search",
        "Search latency, T and P together",
        f"{len(queries)} queries drawn from the documents' own words, each asked once, one after the other, {LIMIT} hits with snippets; "
        f"in process, through the service that the window uses. "
        f"The store holds {held['ingest_documents']:,} documents, {held['ingest_chunks']:,} chunks.",
        commands=[
            "ingest --data-dir FRESH add T P --wait",
            "recollq -c CONF -n 50 QUERY    # a process for each query",
        ],
    )
    for mode, answers in modes.items():
        _tell_mode(section, mode, answers)
    _beside(bench, section, queries, folders)
    section.raw["seed"] = bench.seed
    return section


def _texts(store: Path) -> list[str]:
    app = build_app(load_settings(store), actor=Actor.COMMAND, label="bench")
    try:
        return [chunk.text for number, chunk in enumerate(app.search.export()) if number % EVERY == 0]
    finally:
        app.close()


def ask_all(app: App, queries: list[Asked], *, typing: bool) -> list[Answer]:
    """Ask each query once."""
    answers = []
    for asked in queries:
        wall, cpu = time.perf_counter(), time.process_time()
        page = app.search.search(asked.text, limit=LIMIT, typing=typing)
        took = (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
        answers.append(Answer(asked.kind, *took, len(page.hits)))
    return answers


def _tell_mode(section: Section, mode: str, answers: list[Answer]) -> None:
    wall, cpu = [one.wall_ms for one in answers], [one.cpu_ms for one in answers]
    section.rows.append(
        Row(f"{mode}: p50 / p99 by the clock", f"{quantile(wall, 0.5):.1f} / {quantile(wall, 0.99):.1f} ms")
    )
    section.rows.append(
        Row(f"{mode}: p50 / p99 of the processor", f"{quantile(cpu, 0.5):.1f} / {quantile(cpu, 0.99):.1f} ms")
    )
    kinds = {}
    for kind in dict.fromkeys(one.kind for one in answers):
        took = [one.wall_ms for one in answers if one.kind == kind]
        kinds[kind] = {"p50_ms": round(quantile(took, 0.5), 2), "max_ms": round(max(took), 2), "queries": len(took)}
    told = "; ".join(f"{kind} {found['p50_ms']:.1f} / {found['max_ms']:.1f} ms" for kind, found in kinds.items())
    section.notes.append(
        f"{mode}, median and greatest by kind: {told}. {sum(not one.hits for one in answers)} queries found nothing."
    )
    section.raw[mode] = {"kinds": kinds}


def _beside(bench: Bench, section: Section, queries: list[Asked], folders: list[Path]) -> None:
    """The same queries asked of recollq, start of its process included: it has no other way without its own window."""
    if absent := what_is_missing():
        section.notes.append(f"recollq was {NOT_MEASURED}: {absent}.")
        return
    index = Index(bench.work / "recoll-search")
    index.prepare(folders)
    index.build()
    ask = index.asker(LIMIT)
    took = []
    for asked in queries:
        began = time.perf_counter()
        ask(asked.text)
        took.append((time.perf_counter() - began) * 1000)
    section.rows[0].recoll = f"{quantile(took, 0.5):.1f} / {quantile(took, 0.99):.1f} ms"
    section.notes.append(
        "recollq wants all of the words where ours ranks any of them, and pays for the start of a process each time."
    )
