"""Lists, orders, filters and changes, as the ledger tells them."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_acts import complete, end, make_batch, one, take
from ledger_kit import files

from ingest_desktop.domain.enums import Actor, JobEvent, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.models import Job, JobOrder, JobQuery
from ingest_desktop.infrastructure.database import reading
from ingest_desktop.infrastructure.ledger import Ledger
from ingest_desktop.infrastructure.ledger_listing import Listing, name_condition


def everything_listed(ledger: Ledger, query: JobQuery) -> list[int]:
    pages, after = list[int](), None
    while page := ledger.jobs_page(query, after=after, limit=2):
        pages += [int(job.id) for job in page]
        after = page[-1].id
    parts = array("q")
    for part in ledger.job_ids(query, part=3):
        parts.extend(part)
    assert list(parts) == pages
    return pages


def test_a_row_makes_the_model_that_validation_would(ledger: Ledger) -> None:
    make_batch(ledger, 2)
    complete(ledger, 1)
    for job in ledger.jobs_page(JobQuery()):
        assert job == Job.model_validate(job.model_dump())
        assert job.model_copy(update={"message": "x"}).to_json()["message"] == "x"
        assert hash(job.id)


def test_every_order_pages_through_everything_once(ledger: Ledger) -> None:
    make_batch(ledger, 5, prefix="/docs/b")
    make_batch(ledger, 4, prefix="/docs/A", priority=1)
    end(ledger, take(ledger, 2), outcome=Outcome.EMPTY)
    end(ledger, take(ledger, 2), error_code="source_malformed")
    some = [frozenset[JobStatus](), frozenset({JobStatus.QUEUED}), frozenset({JobStatus.FAILED, JobStatus.COMPLETED})]
    for statuses in some:
        expected = {job.id for job in ledger.jobs_by_ids(range(1, 10)) if not statuses or job.status in statuses}
        for order in JobOrder:
            up = everything_listed(ledger, JobQuery(order=order, statuses=statuses))
            down = everything_listed(ledger, JobQuery(order=order, statuses=statuses, descending=True))
            assert {str(job) for job in up} == expected
            assert down == up[::-1]
    assert everything_listed(ledger, JobQuery()) == [6, 7, 8, 9, 1, 2, 3, 4, 5]
    assert everything_listed(ledger, JobQuery(order=JobOrder.NAME))[:5] == [6, 7, 8, 9, 1]


def test_filters(ledger: Ledger) -> None:
    kb = ledger.create_knowledge_base("Work").kb_id
    batch = make_batch(ledger, 2, kb=kb, prefix="/w/report_")
    make_batch(ledger, 3, prefix="/l/100% sure ")
    end(ledger, take(ledger, 1, batch_id=batch), outcome=Outcome.EMPTY)
    end(ledger, take(ledger, 1, batch_id=batch), error_code="source_malformed")
    ledger.delete(one(5), actor=Actor.WINDOW)
    expected = {
        JobQuery(kb_id=kb): [1, 2],
        JobQuery(batch_id=batch): [1, 2],
        JobQuery(kb_id="none"): [],
        JobQuery(attention=True): [1, 2],
        JobQuery(error_code="source_malformed"): [2],
        JobQuery(deleted=True): [5],
        JobQuery(name_contains="REPORT"): [1, 2],
        JobQuery(name_contains="port_0001"): [2],
        JobQuery(name_contains='re" OR "'): [],
        JobQuery(name_contains="0% s"): [3, 4],
        JobQuery(name_contains="%"): [3, 4],
        JobQuery(name_contains="_", kb_id="library"): [],
        JobQuery(name_contains="t_", statuses=frozenset({JobStatus.FAILED})): [2],
    }
    assert {query: sorted(everything_listed(ledger, query)) for query in expected} == expected


@given(st.text(min_size=1, max_size=8))
def test_any_needle_is_valid(needle: str) -> None:
    condition, value = name_condition(needle)
    assert condition.count("?") == 1
    assert needle.replace('"', "") in value.replace('"', "") or "\\" in value


def test_changes_are_told_in_order_and_revisions_never_split(ledger: Ledger) -> None:
    batch = make_batch(ledger, 5)
    assert ledger.changed_since(0, limit=2) == (ledger.jobs_page(JobQuery())[0].revision, [1, 2, 3, 4, 5])
    seen = ledger.revision()
    assert ledger.changed_since(seen) == (seen, [])
    ledger.act(one(4), JobEvent.PAUSE, actor=Actor.WINDOW)
    ledger.delete(one(2), actor=Actor.WINDOW)
    newest, changed = ledger.changed_since(seen)
    assert (newest, changed) == (ledger.revision(), [4, 2])
    ledger.set_paused(PauseScope.BATCH, batch, True)
    assert ledger.revision() > newest


PLANS = {
    JobQuery(): "ix_added",
    JobQuery(descending=True): "ix_added",
    JobQuery(kb_id="library"): "ix_added",
    JobQuery(statuses=frozenset({JobStatus.QUEUED})): "ix_status",
    JobQuery(attention=True): "ix_attention",
    JobQuery(order=JobOrder.QUEUE): "ix_order",
    JobQuery(order=JobOrder.QUEUE, statuses=frozenset({JobStatus.QUEUED})): "ix_waiting",
    JobQuery(order=JobOrder.UPDATED): "ix_revision",
    JobQuery(order=JobOrder.UPDATED, descending=True): "ix_revision",
}


@pytest.mark.parametrize("query", PLANS, ids=str)
def test_the_lists_that_matter_walk_an_index(ledger: Ledger, query: JobQuery) -> None:
    listing = Listing(query)
    for condition, values in [("", ()), *listing._behind((1, 1, 1)[: len(listing._keys)])]:
        sql, parameters = listing._statement(condition, values)
        with reading(ledger.engine) as connection:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(parameters))]
        assert PLANS[query] in plan[0]
        assert not any("TEMP B-TREE FOR ORDER" in step or "USE TEMP B-TREE" in step for step in plan)


def test_a_running_job_has_a_worker_and_a_lease_and_no_other_has(ledger: Ledger) -> None:
    make_batch(ledger, 2)
    claim = take(ledger, 1)[0]
    runtime = ledger.runtime(str(claim.job_id))
    assert runtime is not None
    assert runtime.worker_id in ledger.worker_locks
    assert runtime.lease_until > ledger.clock()
    assert ledger.runtime("2") is None
    end(ledger, [claim], outcome=Outcome.INGESTED)
    assert ledger.runtime(str(claim.job_id)) is None


def test_what_is_in_hand_would_not_be_added_again(ledger: Ledger) -> None:
    batch = make_batch(ledger)
    ledger.add_jobs(batch, [*files(2), *files(1, "/x\udcff")], known={})
    (done,) = take(ledger, 1)
    paths = [file.path for file in (*files(3), *files(2, "/x\udcff"))]
    listed = ledger.listed_paths("library", paths)
    assert listed == {file.path for file in (*files(2), *files(1, "/x\udcff"))} and done.path in listed
    assert ledger.listed_paths("other", paths) == set() == ledger.listed_paths("library", [])
