"""Any order of events, with crashes between them, leaves the same chunks and a sound store."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from content_kit import (
    OTHER_RECIPE,
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
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_desktop.domain.errors import StoreDamaged
from ingest_desktop.domain.interfaces.repository import Finished
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore

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


def test_a_file_that_cannot_be_used_is_not_kept_open(tmp_path: Path) -> None:
    """On Windows no mended one could take its place. What stands beside a file goes when the last one closes it."""
    KnowledgeBaseStore("kb", tmp_path, backup_dir=tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "kb.db")) as bare, bare:
        bare.execute("DELETE FROM schema_migrations WHERE version > 1")  # what the later ones add is there already
    with pytest.raises(StoreDamaged):
        KnowledgeBaseStore("kb", tmp_path, backup_dir=tmp_path)
    assert not (tmp_path / "kb.db-wal").exists()
