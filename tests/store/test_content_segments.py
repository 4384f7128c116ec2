"""Segments on a real file: whole or not at all, exactly once, whatever their order."""

from dataclasses import replace

import pytest
from content_kit import (
    OTHER_RECIPE,
    RECIPE,
    OpenStore,
    assert_sound,
    export,
    plan_of,
    put,
    row,
    rows_in,
    segment,
    texts,
)

from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.errors import ContentGone, DuplicateChunkError, StoreError
from ingest_desktop.domain.interfaces.repository import Finished
from ingest_desktop.infrastructure.content_store import KnowledgeBaseStore
from ingest_desktop.infrastructure.database import writing


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


def test_a_crash_before_the_commit_loses_the_open_transaction_only(open_store: OpenStore) -> None:
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


def test_a_segment_of_too_many_chunks_is_refused(store: KnowledgeBaseStore) -> None:
    rows = [row("x")] * (1 << 20)
    with pytest.raises(StoreError, match="1048576 chunks"):
        store.add_segments([segment(plan_of("huge"), 0, rows)])
    store.rollback()
    assert rows_in(store, "segments") == 0
