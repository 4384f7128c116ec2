"""Which version of a content a path has: changed files, twins, content that comes back."""

import threading
from dataclasses import replace

import pytest
from content_kit import (
    OTHER_RECIPE,
    RECIPE,
    assert_sound,
    plan_of,
    put,
    rows_in,
    segment,
    sweep_all,
    texts,
)

from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.errors import NotFoundError
from ingest_desktop.domain.interfaces.repository import Finished
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore


def test_a_changed_file_takes_the_place_of_the_old_version(store: KnowledgeBaseStore) -> None:
    first = put(store, "/f", "old text", job=1)
    second = put(store, "/f", "new text", job=2)
    assert (second.outcome, second.document_id) == (Outcome.UPDATED, first.document_id)
    assert texts(store) == {"/f": ["new text"]}
    known = store.known(["/f"])["/f"]
    assert (known.first_job, known.job) == (1, 2)
    sweep_all(store)
    assert rows_in(store, "versions") == rows_in(store, "segments") == rows_in(store, "chunks") == 1
    assert_sound(store)


def test_a_reader_sees_the_old_or_the_new_version_and_nothing_between(store: KnowledgeBaseStore) -> None:
    old, new = ["old a", "old b"], ["new a", "new b", "new c"]
    plans = {True: plan_of("new", 2), False: plan_of("old", 2)}
    put(store, "/f", "old", old[:1], old[1:])
    seen: set[tuple[str, ...]] = set()
    rounds, done = 30, threading.Event()

    def look() -> None:
        with store.engine.connect() as connection:
            while not done.is_set():
                rows = connection.exec_driver_sql(
                    "SELECT c.text FROM chunks_fts f JOIN chunks c ON c.id = f.rowid JOIN segments s ON s.id = c.id >> 20 "
                    "JOIN versions v ON v.id = s.version WHERE f.chunks_fts MATCH 'old OR new' AND v.live = 1 ORDER BY 1"
                ).scalars()
                seen.add(tuple(rows))
                connection.rollback()

    reader = threading.Thread(target=look)
    reader.start()
    for turn in range(rounds):
        is_new = turn % 2 == 0
        parts = [new[:1], new[1:]] if is_new else [old[:1], old[1:]]
        plan = plans[is_new]
        store.add_segments([segment(plan, 0, parts[0])])
        store.commit()
        store.add_segments([segment(plan, 1, parts[1])])
        store.finish([Finished("/f", turn + 2, plan, RECIPE)])
        store.commit()
        sweep_all(store)
    done.set()
    reader.join()
    assert seen <= {tuple(old), tuple(new)} and seen
    assert_sound(store)


def test_the_same_content_is_stored_once(store: KnowledgeBaseStore) -> None:
    first = put(store, "/a", "same", job=1)
    twin = put(store, "/b", "same", job=2)
    assert (twin.outcome, twin.twin_path, twin.document_id) == (Outcome.DUPLICATE, "/a", first.document_id)
    assert texts(store) == {"/a": ["same"]}
    assert store.document(first.document_id).paths == ("/a", "/b")
    assert rows_in(store, "chunks") == 1
    assert_sound(store)


def test_twins_in_one_round_are_found_too(store: KnowledgeBaseStore) -> None:
    plan = plan_of("same")
    store.add_segments([segment(plan, 0, ["same"])])
    lives = store.finish([Finished(path, job, plan, RECIPE) for job, path in enumerate(["/a", "/b", "/c"], 1)])
    store.commit()
    assert [live.outcome for live in lives] == [Outcome.INGESTED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert {live.document_id for live in lives} == {lives[0].document_id}
    assert_sound(store)


def test_each_twin_is_told_what_is_said_of_its_own_name(store: KnowledgeBaseStore) -> None:
    plan = plan_of("same")
    misnamed = replace(plan, warnings=("It is named .pdf but is plain text.",))
    store.add_segments([segment(misnamed, 0, ["same"])])
    (first,) = store.finish([Finished("/a.pdf", 1, misnamed, RECIPE)])
    (second,) = store.finish([Finished("/b.txt", 2, plan, RECIPE)])
    assert (first.warnings, second.warnings) == (misnamed.warnings, ())


def test_a_twin_that_changes_leaves_the_other_alone(store: KnowledgeBaseStore) -> None:
    first = put(store, "/a", "same", job=1)
    put(store, "/b", "same", job=2)
    changed = put(store, "/a", "different", job=3)
    assert changed.document_id != first.document_id
    assert texts(store) == {"/a": ["different"], "/b": ["same"]}
    assert store.document(first.document_id).paths == ("/b",)
    assert_sound(store)


def test_a_path_that_takes_over_another_content_retires_its_own(store: KnowledgeBaseStore) -> None:
    old = put(store, "/a", "one", job=1)
    two = put(store, "/b", "two", job=2)
    moved = put(store, "/a", "two", job=3)
    assert (moved.outcome, moved.document_id) == (Outcome.DUPLICATE, two.document_id)
    with pytest.raises(NotFoundError):
        store.document(old.document_id)
    assert texts(store) == {"/a": ["two"]} and store.document_count() == 1
    sweep_all(store)
    assert rows_in(store, "chunks") == 1
    assert_sound(store)


def test_content_that_comes_back_is_live_again(store: KnowledgeBaseStore) -> None:
    for job, content in enumerate(["one", "two", "one", "two"], 1):
        live = put(store, "/a", content, job=job)
        assert live.outcome is (Outcome.UPDATED if job > 1 else Outcome.INGESTED)
        assert texts(store) == {"/a": [content]}
        assert_sound(store)
    sweep_all(store)
    assert texts(store) == {"/a": ["two"]}
    assert_sound(store)


def test_a_first_content_that_comes_back_elsewhere_gets_another_name(store: KnowledgeBaseStore) -> None:
    first = put(store, "/a", "one", job=1)
    put(store, "/a", "two", job=2)  # the document named after "one" holds "two" now
    other = put(store, "/b", "one", job=3)
    assert other.outcome is Outcome.INGESTED and other.document_id != first.document_id
    assert texts(store) == {"/a": ["two"], "/b": ["one"]}
    assert_sound(store)


def test_another_recipe_replaces_the_version_for_all_its_paths(store: KnowledgeBaseStore) -> None:
    first = put(store, "/a", "same", ["same words"], job=1)
    put(store, "/b", "same", ["same words"], job=2)
    again = put(store, "/a", "same", ["same", "words"], job=3, recipe=OTHER_RECIPE)
    assert (again.outcome, again.document_id, again.chunk_count) == (Outcome.UPDATED, first.document_id, 2)
    assert texts(store) == {"/a": ["same", "words"]}
    assert store.document(first.document_id).paths == ("/a", "/b")
    sweep_all(store)
    assert rows_in(store, "versions") == 1
    assert_sound(store)


def test_a_job_that_made_content_live_before_is_told_so_again(store: KnowledgeBaseStore) -> None:
    plan = plan_of("text")
    store.add_segments([segment(plan, 0, ["text"])])
    for _ in range(2):  # the ledger was not told the first time, and the group is stored anew
        (live,) = store.finish([Finished("/a", 7, plan, RECIPE)])
        store.commit()
        assert live.outcome is Outcome.INGESTED
    newer = plan_of("newer")
    store.add_segments([segment(newer, 0, ["newer"])])
    for _ in range(2):
        (live,) = store.finish([Finished("/a", 8, newer, RECIPE)])
        store.commit()
        assert live.outcome is Outcome.UPDATED
    (live,) = store.finish([Finished("/a", 9, newer, RECIPE)])
    store.commit()
    assert live.outcome is Outcome.UNCHANGED
    assert_sound(store)
