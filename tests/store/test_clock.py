"""Clocks that are set, forward and back: leases go by ticks, retries are never put off for longer than they may be, and
the history keeps its order.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from ledger_kit import Clock, files

from ingest_desktop.domain.enums import JobStatus, Outcome
from ingest_desktop.domain.interfaces.repository import Claim, Ending, OthersAtWork
from ingest_desktop.infrastructure.ledger import Ledger

MANY = 2**40
YEAR = 365 * 86_400.0
OPEN = Callable[..., Ledger]


def filled(ledger: Ledger, count: int) -> None:
    batch = ledger.create_batch("library", ["/docs"], origin="window", priority=0, label="docs").batch_id
    ledger.add_jobs(batch, files(count), known={})
    ledger.finish_discovery(batch, {})


def end(ledger: Ledger, claim: Claim, **how: object) -> None:
    with ledger.ending([Ending(claim, **how)]) as mine:  # type: ignore[arg-type]
        assert mine == {claim.job_id}


@pytest.mark.parametrize("jump", [YEAR, -YEAR, 3600.0, -3600.0])
def test_a_clock_that_is_set_takes_no_job_from_a_worker_that_lives(
    open_ledger: OPEN, clock: Clock, jump: float
) -> None:
    here, there = open_ledger(), open_ledger()
    filled(here, 2)
    mine, other = here.register_worker("here"), there.register_worker("there")
    (claim,) = here.claim(mine, limit=1, max_bytes=MANY)
    there.heartbeat(other)
    clock.set_by(jump)
    assert there.heartbeat(other) == 0  # before the one it might take for dead has said anything
    for _ in range(5):
        clock.pass_seconds(10)
        assert here.heartbeat(mine) == 0 and there.heartbeat(other) == 0
    assert here.still_mine([claim]) == {1}
    end(here, claim, outcome=Outcome.INGESTED)
    assert here.job("1").status is JobStatus.COMPLETED


@pytest.mark.parametrize("jump", [0.0, YEAR, -YEAR])
def test_a_worker_that_stops_answering_loses_its_job_whatever_the_clock_says(
    open_ledger: OPEN, clock: Clock, jump: float
) -> None:
    here, there = open_ledger(), open_ledger()
    filled(here, 1)
    mine = here.register_worker("here")
    (claim,) = here.claim(mine, limit=1, max_bytes=MANY)
    other = there.register_worker("there")
    clock.set_by(jump)
    for _ in range(2):
        clock.pass_seconds(14)
        assert there.heartbeat(other) == 0
    clock.pass_seconds(1)
    assert there.heartbeat(other) == 0
    clock.pass_seconds(2)
    assert there.heartbeat(other) == 1
    with here.ending([Ending(claim, outcome=Outcome.INGESTED)]) as owned:
        assert owned == set()  # its late write is refused
    assert [entry.reason for entry in here.history("1")][-1] == "its worker stopped answering"
    assert here.job("1").crashes == 0


def test_whoever_wakes_up_first_takes_nothing_from_those_that_slept_as_long(open_ledger: OPEN, clock: Clock) -> None:
    here, there = open_ledger(), open_ledger()
    filled(here, 1)
    mine, other = here.register_worker("here"), there.register_worker("there")
    (claim,) = here.claim(mine, limit=1, max_bytes=MANY)
    clock.pass_seconds(10)
    assert there.heartbeat(other) == 0
    clock.pass_seconds(10 * 3_600)  # both are stopped, or the computer sleeps and its ticks go on
    assert there.heartbeat(other) == 0
    assert here.heartbeat(mine) == 0
    clock.pass_seconds(10)
    assert there.heartbeat(other) == 0
    assert here.still_mine([claim]) == {1}


def test_it_is_known_who_else_works_and_whether_they_answer(open_ledger: OPEN, clock: Clock) -> None:
    here, there = open_ledger(), open_ledger()
    filled(here, 2)
    mine, other = here.register_worker("window"), there.register_worker("ingest run")
    assert there.others_at_work(other) == OthersAtWork()
    here.claim(mine, limit=2, max_bytes=MANY)
    assert there.others_at_work(other) == OthersAtWork(2, ("window",), is_unsure=True)
    clock.pass_seconds(10)
    here.heartbeat(mine)
    there.heartbeat(other)
    assert there.others_at_work(other) == OthersAtWork(2, ("window",), is_unsure=False)
    for _ in range(2):
        clock.pass_seconds(10)
        there.heartbeat(other)
    assert there.others_at_work(other).is_unsure
    here.worker_locks.pop(mine).release()  # as when its process dies
    assert there.heartbeat(other) == 2
    assert there.others_at_work(other) == OthersAtWork()


def test_a_retry_does_not_wait_for_a_time_that_the_clock_was_set_back_from(open_ledger: OPEN, clock: Clock) -> None:
    ledger = open_ledger(longest_wait_seconds=300.0)
    filled(ledger, 2)
    worker = ledger.register_worker("here")
    for claim in ledger.claim(worker, limit=2, max_bytes=MANY):
        end(ledger, claim, error_code="source_changed", retry_at=clock() + timedelta(seconds=100 * claim.job_id))
    assert ledger.claim(worker, limit=2, max_bytes=MANY) == []
    clock.set_by(-150)
    assert ledger.next_due() == clock()
    assert len(ledger.claim(worker, limit=2, max_bytes=MANY)) == 1  # seems due in 350 s, which no retry ever is
    assert ledger.next_due() == clock() + timedelta(seconds=250)  # it may be right, so it is kept
    clock.set_by(-YEAR)
    assert ledger.next_due() == clock()
    assert len(ledger.claim(worker, limit=2, max_bytes=MANY)) == 1
    assert ledger.next_due() is None


def test_a_clock_that_is_set_forward_makes_retries_due(ledger: Ledger, clock: Clock) -> None:
    filled(ledger, 1)
    worker = ledger.register_worker("here")
    (claim,) = ledger.claim(worker, limit=1, max_bytes=MANY)
    end(ledger, claim, error_code="source_changed", retry_at=clock() + timedelta(seconds=100))
    clock.set_by(YEAR)
    assert len(ledger.claim(worker, limit=1, max_bytes=MANY)) == 1


def test_a_leap_of_the_clock_is_believed_after_an_hour(open_ledger: OPEN, clock: Clock) -> None:
    ledger = open_ledger()
    assert ledger.trusted_time() == clock()
    for _ in range(3):
        clock.pass_seconds(60 * 3_600)  # off over the weekend
        assert ledger.trusted_time() == clock()
    right = clock()
    clock.set_by(YEAR)
    clock.pass_seconds(50)
    assert ledger.trusted_time() == right
    clock.pass_seconds(3_000)
    assert open_ledger().trusted_time() == right  # also after a start
    clock.set_by(-YEAR)
    assert ledger.trusted_time() == clock()  # somebody put it right
    right = clock()
    clock.set_by(YEAR)  # or it was off for a year
    assert ledger.trusted_time() == right
    clock.pass_seconds(3_601)
    assert ledger.trusted_time() == clock()
    clock.set_by(-YEAR)
    assert ledger.trusted_time() == clock()


def test_the_history_keeps_the_order_in_which_things_happened(ledger: Ledger, clock: Clock) -> None:
    filled(ledger, 1)
    worker = ledger.register_worker("here")
    clock.set_by(-YEAR)
    (claim,) = ledger.claim(worker, limit=1, max_bytes=MANY)
    clock.set_by(YEAR / 2)
    end(ledger, claim, outcome=Outcome.INGESTED)
    assert [entry.to_status.value for entry in ledger.history("1")] == ["queued", "running", "completed"]
