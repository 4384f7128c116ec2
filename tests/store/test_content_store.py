"""Content on a real file: whole or not at all, exactly once, twins, trash."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from content_kit import (
    OTHER_RECIPE,
    RECIPE,
    assert_sound,
    confirm,
    edit,
    export,
    plan_of,
    put,
    row,
    segment,
    texts,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.errors import ContentGone, DuplicateChunkError, NotFoundError, StoreError
from ingest_desktop.domain.interfaces.repository import Finished
from ingest_desktop.infrastructure.content_registry import KnowledgeBaseStores
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import writing

OPEN = Callable[..., KnowledgeBaseStore]
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
SOON = timedelta(days=1)


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[OPEN]:
    opened: list[KnowledgeBaseStore] = []

    def open_it(name: str = "library") -> KnowledgeBaseStore:
        store = KnowledgeBaseStore(name, tmp_path / name, backup_dir=tmp_path / "backups", busy_timeout_seconds=2)
        opened.append(store)
        return store

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OPEN) -> KnowledgeBaseStore:
    return open_store()


def sweep_all(store: KnowledgeBaseStore, before: datetime = LONG_AGO) -> None:
    while store.sweep(unfinished_before=before, limit=2):
        pass


def rows_in(store: KnowledgeBaseStore, table: str) -> int:
    with store.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


# --- segments ------------------------------------------------------------------------------------


def test_a_document_of_one_segment(store: KnowledgeBaseStore) -> None:
    live = put(store, "/a.txt", "alpha", ["one", "two"])
    assert (live.outcome, live.chunk_count, live.segments, live.chars) == (Outcome.INGESTED, 2, 1, 6)
    assert [(c.ordinal, c.text, c.source_path) for c in store.chunks()] == [(0, "one", "/a.txt"), (1, "two", "/a.txt")]
    assert (store.document_count(), store.chunk_count()) == (1, 2)
    assert_sound(store)


def test_ordinals_run_on_over_segments_whatever_their_order(store: KnowledgeBaseStore) -> None:
    plan = plan_of("long", segments=3)
    for number, parts in ((2, ["e"]), (0, ["a", "b"]), (1, ["c", "d"])):
        store.add_segments([segment(plan, number, parts)])
        store.commit()
    assert export(store) == []
    (live,) = store.finish([Finished("/long", 1, plan, RECIPE)])
    store.commit()
    assert (live.segments, live.chunk_count) == (3, 5)
    assert [(c.ordinal, c.text) for c in store.chunks()] == list(enumerate("abcde"))
    assert len({c.chunk_id for c in store.chunks()}) == 5
    assert_sound(store)


def test_segments_stored_twice_change_nothing(store: KnowledgeBaseStore) -> None:
    plan = plan_of("twice", 2)
    assert store.add_segments([segment(plan, 0, ["a"]), segment(plan, 0, ["again"])]) == 1
    store.commit()
    assert store.add_segments([segment(plan, 0, ["other"]), segment(plan, 1, ["b"])]) == 1
    store.finish([Finished("/twice", 1, plan, RECIPE)])
    store.commit()
    before = export(store)
    assert store.add_segments([segment(plan, 0, ["x"]), segment(plan, 1, ["y"])]) == 0
    store.commit()
    assert export(store) == before
    assert texts(store) == {"/twice": ["a", "b"]}
    assert_sound(store)


def test_the_checkpoint_tells_what_is_stored(store: KnowledgeBaseStore) -> None:
    plan = plan_of("steps", 3)
    store.add_segments([segment(plan, 2), segment(plan, 0)])
    store.commit()
    state = store.state(plan.sha256, RECIPE, job_id="5", segments=3)
    assert (state.segments_done, state.next_segments, state.job_id) == ((0, 2), (1,), "5")
    assert store.state(plan.sha256, OTHER_RECIPE, job_id="5", segments=3).segments_done == ()
    assert not store.has_document(plan.sha256, RECIPE)


def test_an_incomplete_version_cannot_go_live(store: KnowledgeBaseStore) -> None:
    plan = plan_of("half", 2)
    store.add_segments([segment(plan, 0)])
    with pytest.raises(ContentGone, match="1 of 2"):
        store.finish([Finished("/half", 1, plan, RECIPE)])
    store.rollback()
    with pytest.raises(ContentGone):
        store.finish([Finished("/never", 1, plan_of("never stored"), RECIPE)])
    store.rollback()
    assert export(store) == []
    assert_sound(store)


def test_a_crash_before_the_commit_loses_the_open_transaction_only(open_store: OPEN) -> None:
    first = open_store()
    put(first, "/kept", "kept")
    plan = plan_of("lost", 2)
    first.add_segments([segment(plan, 0, ["committed"])])
    first.commit()
    first.add_segments([segment(plan, 1, ["lost"])])
    first.finish([Finished("/lost", 2, plan, RECIPE)])
    first.close()  # forgets what is open, as a crash does
    again = open_store()
    assert texts(again) == {"/kept": ["kept"]}
    assert again.state(plan.sha256, RECIPE, job_id="2", segments=2).next_segments == (1,)
    assert_sound(again)


def test_a_chunk_id_that_is_taken_is_refused(store: KnowledgeBaseStore) -> None:
    put(store, "/a", "a")
    with writing(store.engine) as connection:  # behind its back: the counter of segments goes back
        connection.exec_driver_sql("DELETE FROM segments")
        connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = 0 WHERE name = 'segments'")
    with pytest.raises(DuplicateChunkError):
        store.add_segments([segment(plan_of("b"), 0, ["b"])])
    store.rollback()
    assert rows_in(store, "versions") == 1


def test_an_empty_document_is_known_and_empty(store: KnowledgeBaseStore) -> None:
    live = put(store, "/empty", "")
    assert (live.outcome, live.chunk_count) == (Outcome.EMPTY, 0)
    assert store.known(["/empty"])["/empty"].chunks == 0
    assert store.document_count() == 1 and export(store) == []
    assert_sound(store)


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


# --- versions ------------------------------------------------------------------------------------


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


def test_the_language_of_most_of_a_text_is_its_language(store: KnowledgeBaseStore) -> None:
    plan = plan_of("long", segments=3)
    parts = [("de", "kurz"), ("en", "a much longer text than the others"), ("", "12")]
    items = [
        item._replace(result=replace(item.result, language=language))
        for item, (language, _) in zip(
            [segment(plan, number, [text]) for number, (_, text) in enumerate(parts)], parts, strict=True
        )
    ]
    store.add_segments(items)
    (live,) = store.finish([Finished("/a", 1, plan, RECIPE)])
    assert live.language == "en"


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


# --- the trash -----------------------------------------------------------------------------------


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


# --- determinism ---------------------------------------------------------------------------------

DOCUMENTS = {
    "/one": ("first content", [["a", "b"], ["c"], ["d", "e"]]),
    "/two": ("second content", [["x"], [], ["y"]]),
    "/three": ("third content", [["solo"]]),
}
STEPS = [(path, number) for path, (_, parts) in DOCUMENTS.items() for number in range(len(parts))]


def canonical(store: KnowledgeBaseStore) -> list[tuple[str, str, str, int, str]]:
    return [(c.source_path, c.document_id, c.chunk_id, c.ordinal, c.text) for c in store.chunks()]


def run_through(store: KnowledgeBaseStore, order: list[tuple[str, int]], cuts: set[int]) -> None:
    """Store segments in an order, with a crash after some steps; then go on as a restart does, until all is there."""
    plans = {path: plan_of(content, len(parts)) for path, (content, parts) in DOCUMENTS.items()}
    jobs = {path: number for number, path in enumerate(DOCUMENTS, 1)}
    for crash in (*sorted(cuts), len(order) * 2):
        for step, (path, number) in enumerate(order):
            plan, parts = plans[path], DOCUMENTS[path][1]
            state = store.state(plan.sha256, RECIPE, job_id="1", segments=len(parts))
            if number in state.next_segments:
                store.add_segments([segment(plan, number, parts[number])])
            if step == crash:
                store.rollback()
                break
            if step % 2:
                store.commit()
    for path, plan in plans.items():
        store.finish([Finished(path, jobs[path], plan, RECIPE)])
    store.commit()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(STEPS), cuts=st.sets(st.integers(0, len(STEPS) - 1), max_size=4))
def test_the_same_chunks_however_often_it_dies(
    tmp_path_factory: pytest.TempPathFactory, order: list[tuple[str, int]], cuts: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    undisturbed = KnowledgeBaseStore("library", folder / "calm", backup_dir=folder / "b1")
    disturbed = KnowledgeBaseStore("library", folder / "rough", backup_dir=folder / "b2")
    try:
        run_through(undisturbed, STEPS, set())
        run_through(disturbed, order, cuts)
        assert canonical(disturbed) == canonical(undisturbed)
        assert len(canonical(disturbed)) == 8
        assert_sound(disturbed)
    finally:
        undisturbed.close()
        disturbed.close()


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "hide", "show", "purge", "sweep", "confirm"]),
        st.sampled_from(["/p", "/q", "/r"]),
        st.sampled_from(["one", "two", ""]),
        st.sampled_from([RECIPE, OTHER_RECIPE]),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(actions=ACTIONS)
def test_any_life_of_paths_leaves_a_sound_store(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, str, str, str]]
) -> None:
    """Against a dictionary: which text a path has, and whether it is in the trash."""
    folder = tmp_path_factory.mktemp("life")
    store = KnowledgeBaseStore("library", folder, backup_dir=folder / "b")
    content: dict[str, str] = {}
    hidden: set[str] = set()
    try:
        for job, (what, path, text, recipe) in enumerate(actions, 1):
            if what == "put":
                put(store, path, text, job=job, recipe=recipe)
                content[path] = text
                hidden.discard(path)
            elif what == "confirm" and path in content:
                assert confirm(store, path, content[path], job) == set()
                hidden.discard(path)
            elif what == "hide" and path in content:
                edit(store, hide=[path])
                hidden.add(path)
            elif what == "show":
                edit(store, show=[path])
                hidden.discard(path)
            elif what == "purge" and path in hidden:
                edit(store, purge=[path])
                del content[path]
                hidden.discard(path)
            elif what == "sweep":
                sweep_all(store)
            assert_sound(store)
        visible = {text for path, text in content.items() if path not in hidden}
        assert sorted(c.text for c in store.chunks()) == sorted(text for text in visible if text)
        assert store.document_count() == len(visible)
        assert {path: known.visible for path, known in store.known(list(content)).items()} == {
            path: path not in hidden for path in content
        }
        sweep_all(store, datetime.now(UTC) + SOON)
        assert rows_in(store, "versions") == rows_in(store, "documents") == len(set(content.values()))
    finally:
        store.close()


# --- the stores of all knowledge bases ------------------------------------------------------------


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


def test_a_segment_of_too_many_chunks_is_refused(store: KnowledgeBaseStore) -> None:
    rows = [row("x")] * (1 << 20)
    with pytest.raises(StoreError, match="1048576 chunks"):
        store.add_segments([segment(plan_of("huge"), 0, rows)])
    store.rollback()
    assert rows_in(store, "segments") == 0


def test_pages_that_were_recognised_are_counted_and_what_each_segment_says_is_said_once(
    store: KnowledgeBaseStore,
) -> None:
    plan = plan_of("scans", 2)
    for number in range(2):
        part = segment(plan, number)
        result = replace(part.result, units_by_ocr=3, warnings=("no German",))
        store.add_segments([part._replace(result=result)])
    (live,) = store.finish([Finished("/docs/scans.pdf", 1, plan, RECIPE)])
    store.commit()
    assert (live.units_by_ocr, live.warnings) == (6, ("no German",))
