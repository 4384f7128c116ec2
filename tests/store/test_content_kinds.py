"""The same bytes under names of different kinds: one document, whose text does not depend on the order of the work."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from content_kit import LONG_AGO, assert_sound, edit, export, plan_of, rows_in, segment, sweep_all, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.interfaces.repository import Finished, LiveVersion
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore

READERS = {"a.txt": "text", "b.md": "markdown", "c.html": "html", "d.txt": "text"}
JOBS = {path: number for number, path in enumerate(READERS, 1)}


def recipe(path: str, version: int = 1) -> str:
    return f"{READERS[path]}/{version} seg=1"


def add(
    store: KnowledgeBaseStore, *paths: str, empty: Sequence[str] = (), version: int = 1, job: int = 0
) -> list[LiveVersion]:
    """Files with one content, read in one round, each as its kind is."""
    plans = {path: replace(plan_of("content"), reader=READERS[path]) for path in paths}
    words = {path: [] if READERS[path] in empty else [f"as {READERS[path]} {version}"] for path in paths}
    store.add_segments([segment(plans[path], 0, words[path], recipe(path, version)) for path in paths])
    lives = store.finish([Finished(path, job or JOBS[path], plans[path], recipe(path, version)) for path in paths])
    store.commit()
    return lives


def all_there_is(store: KnowledgeBaseStore) -> tuple[object, ...]:
    """What can be found, and what is known of each path."""
    sweep_all(store)
    assert_sound(store)
    known = [(k.path, k.document_id, k.recipe, k.stored_recipe, k.chunks, k.twin_path) for k in _known(store)]
    return [(c.source_path, c.chunk_id, c.text) for c in export(store)], sorted(known), rows_in(store, "chunks")


def _known(store: KnowledgeBaseStore) -> list[object]:
    return list(store.known(list(READERS)).values())


@pytest.mark.parametrize("empty", [(), ("html",), ("html", "markdown"), ("text",)])
def test_whose_text_is_kept_depends_on_no_order(tmp_path: Path, empty: tuple[str, ...]) -> None:
    found = []
    for number, order in enumerate(itertools.permutations(READERS)):
        store = KnowledgeBaseStore("kb", tmp_path / f"{number}", backup_dir=tmp_path / "backups")
        for path in order:
            add(store, path, empty=empty)
        found.append(all_there_is(store))
        store.close()
    assert all(one == found[0] for one in found)
    best = next(reader for reader in ("html", "markdown", "text") if reader not in empty)
    assert [text for _, _, text in found[0][0]] == [f"as {best} 1"]


@settings(max_examples=40, deadline=None)
@given(
    order=st.permutations(list(READERS)),
    cuts=st.sets(st.integers(1, 3)),
    again=st.lists(st.sampled_from(list(READERS)), max_size=4),
)
def test_nor_on_rounds_nor_on_what_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, order: list[str], cuts: set[int], again: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("kinds")
    plain = KnowledgeBaseStore("kb", folder / "plain", backup_dir=folder)
    add(plain, *READERS)
    store = KnowledgeBaseStore("kb", folder / "odd", backup_dir=folder)
    bounds = [0, *sorted(cuts), len(order)]
    for first, last in itertools.pairwise(bounds):
        add(store, *order[first:last])
    for path in again:
        add(store, path)
    assert all_there_is(store) == all_there_is(plain)
    store.close()
    plain.close()


def test_a_file_is_told_as_read_in_its_own_way_and_confirmed_so(store: KnowledgeBaseStore) -> None:
    add(store, "b.md", "a.txt")
    known = store.known(["a.txt", "b.md"])
    assert {path: k.recipe for path, k in known.items()} == {path: recipe(path) for path in ("a.txt", "b.md")}
    assert {k.stored_recipe for k in known.values()} == {recipe("b.md")}
    plan = replace(plan_of("content"), reader="text")
    (live,) = store.finish([Finished("a.txt", 9, plan, known["a.txt"].stored_recipe)])
    store.commit()
    assert (live.outcome, live.chunk_count) == (Outcome.UNCHANGED, 1)
    assert store.known(["a.txt"])["a.txt"].recipe == recipe("a.txt")
    assert_sound(store)


def test_once_the_other_kind_has_gone_for_good_its_twin_is_to_be_read_anew(store: KnowledgeBaseStore) -> None:
    add(store, "a.txt")
    add(store, "b.md")
    edit(store, hide=["b.md"])
    assert texts(store) == {"a.txt": ["as markdown 1"]}
    assert store.known(["a.txt"])["a.txt"].recipe == recipe("a.txt")  # the other may be taken back
    add(store, "a.txt")
    edit(store, show=["b.md"])
    assert texts(store) == {"a.txt": ["as markdown 1"]}
    edit(store, hide=["b.md"], purge=["b.md"])
    assert texts(store) == {"a.txt": ["as markdown 1"]}
    assert store.known(["a.txt"])["a.txt"].recipe == ""
    (live,) = add(store, "a.txt", job=9)
    assert live.outcome is Outcome.UPDATED and texts(store) == {"a.txt": ["as text 1"]}
    assert store.known(["a.txt"])["a.txt"].recipe == recipe("a.txt")
    sweep_all(store, LONG_AGO)
    assert_sound(store)


def test_a_newer_version_of_the_same_reader_takes_the_place_of_the_older(store: KnowledgeBaseStore) -> None:
    add(store, "b.md", "a.txt")
    add(store, "a.txt", version=2)
    assert texts(store) == {"a.txt": ["as markdown 1"]}
    assert store.known(["a.txt"])["a.txt"].recipe == recipe("a.txt", 2)
    add(store, "b.md", version=2)
    assert texts(store) == {"a.txt": ["as markdown 2"]}
    assert store.known(["a.txt"])["a.txt"].recipe == recipe("a.txt", 2)
    assert_sound(store)


def test_twins_that_are_read_by_another_reader_from_now_on_all_come_to_it(
    store: KnowledgeBaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "a.txt", "d.txt")
    monkeypatch.setitem(READERS, "a.txt", "zzz")
    monkeypatch.setitem(READERS, "d.txt", "zzz")
    add(store, "a.txt")
    add(store, "d.txt")
    assert texts(store) == {"a.txt": ["as zzz 1"]}
    assert {k.recipe for k in store.known(["a.txt", "d.txt"]).values()} == {"zzz/1 seg=1"}
    monkeypatch.setitem(READERS, "a.txt", "zzzz")
    monkeypatch.setitem(READERS, "d.txt", "zzzz")
    add(store, "a.txt")
    assert texts(store) == {"a.txt": ["as zzz 1"]}  # until the other is read so, too
    add(store, "d.txt")
    assert texts(store) == {"a.txt": ["as zzzz 1"]}
    assert {k.recipe for k in store.known(["a.txt", "d.txt"]).values()} == {"zzzz/1 seg=1"}
    assert_sound(store)


def test_thousands_of_twins_are_not_gone_through_for_each_of_them(store: KnowledgeBaseStore) -> None:
    add(store, "a.txt", "b.md")
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(*told: Any) -> None:
        asked.append((told[2], told[3]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        store.known_paths()
        add(store, "d.txt")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    about = [(sql, values) for sql, values in asked if "own = ''" in sql]
    assert len(about) > 1
    with store.engine.connect() as connection:
        for sql, values in about:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
            assert any("paths_own" in step for step in plan), (sql, plan)
