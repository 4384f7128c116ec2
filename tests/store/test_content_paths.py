"""Paths of a knowledge base: their names, the trash, what is swept, and the folders of all of them."""

import os
from datetime import UTC, datetime
from pathlib import Path

from content_kit import (
    LONG_AGO,
    RECIPE,
    SOON,
    assert_sound,
    confirm,
    edit,
    plan_of,
    put,
    rows_in,
    segment,
    sweep_all,
    texts,
)

from ingest_desktop.domain.enums import Outcome
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore


def test_names_that_are_not_unicode(store: KnowledgeBaseStore) -> None:
    odd = os.fsdecode(b"/folder/caf\xe9.txt")
    put(store, odd, "odd")
    put(store, "/folder/plain.txt", "plain", job=2)
    assert texts(store) == {odd: ["odd"], "/folder/plain.txt": ["plain"]}
    assert set(store.known([odd, "/nowhere"])) == {odd}
    assert odd in store.known_paths()
    assert confirm(store, odd, "odd", 3) == set()
    put(store, odd, "new", job=4)
    edit(store, hide=[odd])
    assert texts(store) == {"/folder/plain.txt": ["plain"]}
    edit(store, purge=[odd])
    sweep_all(store)
    assert store.known([odd]) == {}
    assert_sound(store)


def test_known_paths_of_a_folder(store: KnowledgeBaseStore) -> None:
    for number, path in enumerate(["/a/x", "/a/b/y", "/ab/z", "/a0", "/a/é"]):
        put(store, path, path, job=number)
    assert set(store.known_paths("/a")) == {"/a/x", "/a/b/y", "/a/é"}
    assert set(store.known_paths("/a/")) == set(store.known_paths("/a"))
    assert set(store.known_paths("/")) == set(store.known_paths())


def test_hidden_paths_come_back_and_purged_ones_leave_nothing(store: KnowledgeBaseStore) -> None:
    put(store, "/a", "a", job=1)
    put(store, "/b", "b", ["b1"], ["b2"], job=2)
    edit(store, hide=["/b"])
    assert texts(store) == {"/a": ["a"]} and store.document_count() == 1
    assert_sound(store)
    edit(store, show=["/b"])
    assert texts(store) == {"/a": ["a"], "/b": ["b1", "b2"]}
    edit(store, hide=["/b"], purge=["/b"])
    assert_sound(store)
    sweep_all(store)
    assert [rows_in(store, t) for t in ("documents", "versions", "paths", "segments", "chunks")] == [1, 1, 1, 1, 1]
    assert_sound(store)


def test_a_visible_path_is_never_purged(store: KnowledgeBaseStore) -> None:
    put(store, "/a", "a")
    edit(store, purge=["/a", "/nowhere"])
    assert texts(store) == {"/a": ["a"]}
    assert_sound(store)


def test_a_document_answers_while_one_of_its_paths_is_visible(store: KnowledgeBaseStore) -> None:
    put(store, "/a", "same", job=1)
    put(store, "/b", "same", job=2)
    edit(store, hide=["/a"])
    assert texts(store) == {"/b": ["same"]}
    edit(store, hide=["/b"])
    assert texts(store) == {}
    edit(store, purge=["/a"])
    edit(store, show=["/b"])
    assert texts(store) == {"/b": ["same"]}
    assert_sound(store)


def test_a_new_path_for_content_that_is_in_the_trash(store: KnowledgeBaseStore) -> None:
    put(store, "/a", "same", job=1)
    edit(store, hide=["/a"])
    live = put(store, "/b", "same", job=2)
    assert (live.outcome, live.twin_path) == (Outcome.INGESTED, None)
    assert texts(store) == {"/b": ["same"]}
    assert_sound(store)


def test_what_is_in_the_trash_is_visible_again_once_it_is_read_again(store: KnowledgeBaseStore) -> None:
    put(store, "/a", "a", job=1)
    edit(store, hide=["/a"])
    assert confirm(store, "/a", "a", job=2) == set()
    assert texts(store) == {"/a": ["a"]}
    edit(store, hide=["/a"])
    put(store, "/a", "changed", job=3)
    assert texts(store) == {"/a": ["changed"]}
    assert_sound(store)


def test_confirming_a_purged_path_says_so(store: KnowledgeBaseStore) -> None:
    put(store, "/a", "a", job=1)
    edit(store, hide=["/a"], purge=["/a"])
    assert confirm(store, "/a", "a", job=2) == {"/a"}
    assert_sound(store)


def test_an_editor_that_does_not_commit_changes_nothing(store: KnowledgeBaseStore) -> None:
    put(store, "/a", "a")
    with store.editing() as editor:
        editor.hide_paths(["/a"], True)
    assert texts(store) == {"/a": ["a"]}


def test_half_read_versions_are_kept_until_they_are_old(store: KnowledgeBaseStore) -> None:
    plan = plan_of("half", 2)
    store.add_segments([segment(plan, 0)])
    store.commit()
    assert store.sweep(unfinished_before=LONG_AGO) == 0
    assert store.state(plan.sha256, RECIPE, job_id="1", segments=2).segments_done == (0,)
    assert store.sweep(unfinished_before=datetime.now(UTC) + SOON) == 1
    assert rows_in(store, "versions") == rows_in(store, "chunks") == 0
    assert_sound(store)


def test_stores_are_opened_once_and_dropped_for_good(tmp_path: Path) -> None:
    stores = KnowledgeBaseStores(tmp_path / "kbs", backup_dir=tmp_path / "b", busy_timeout_seconds=1)
    one = stores.of("one")
    assert stores.of("one") is one and stores.opened() == [one]
    put(one, "/a", "a")
    put(stores.of("two"), "/a", "a")
    assert stores.bytes_used() > 0
    stores.drop("one")
    assert not (tmp_path / "kbs" / "one").exists() and [s.kb_id for s in stores.opened()] == ["two"]
    stores.drop("never there")
    assert texts(stores.of("two")) == {"/a": ["a"]}
    stores.close()
