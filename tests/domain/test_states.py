"""The transition table, asked for every pair."""

from itertools import product

import pytest

from ingest_desktop.domain.enums import (
    ACTIVE,
    TERMINAL,
    TRANSITIONS,
    JobEvent,
    JobStatus,
    Outcome,
    apply_or_raise,
    can,
    may_retry,
    sources_of,
    target_of,
    transition_or_raise,
)
from ingest_desktop.domain.errors import StateTransitionError

S, E = JobStatus, JobEvent

# Written out once more, so that a slip in the table does not pass for the rule.
LEGAL = {
    S.QUEUED: {S.RUNNING, S.PAUSED, S.CANCELLED},
    S.RUNNING: {S.COMPLETED, S.FAILED, S.QUEUED, S.PAUSED, S.CANCELLED},
    S.PAUSED: {S.QUEUED, S.CANCELLED},
    S.COMPLETED: {S.QUEUED},
    S.FAILED: {S.QUEUED},
    S.CANCELLED: {S.QUEUED},
}


@pytest.mark.parametrize(("current", "target"), list(product(S, S)))
def test_every_pair_of_statuses(current: JobStatus, target: JobStatus) -> None:
    if target in LEGAL[current]:
        assert transition_or_raise(current, target, job_id="7") is target
        return
    with pytest.raises(StateTransitionError) as caught:
        transition_or_raise(current, target, job_id="7")
    message = str(caught.value)
    assert current.value in message and target.value in message and "7" in message
    assert (caught.value.job_id, caught.value.current, caught.value.target) == ("7", current.value, target.value)


@pytest.mark.parametrize(("current", "event"), list(product(S, E)))
def test_every_pair_of_status_and_event(current: JobStatus, event: JobEvent) -> None:
    if can(current, event):
        assert current in sources_of(event)
        assert apply_or_raise(current, event) is target_of(event) is TRANSITIONS[current, event]
        assert target_of(event) in LEGAL[current]
        return
    assert current not in sources_of(event)
    with pytest.raises(StateTransitionError) as caught:
        apply_or_raise(current, event, job_id="9")
    assert caught.value.job_id == "9"
    assert caught.value.target == target_of(event).value


def test_the_table_offers_every_legal_pair_and_no_other() -> None:
    assert {(source, target) for (source, _), target in TRANSITIONS.items()} == {
        (source, target) for source, targets in LEGAL.items() for target in targets
    }


def test_statuses_are_terminal_or_active() -> None:
    assert set(S) == TERMINAL | ACTIVE
    assert not TERMINAL & ACTIVE
    assert {status for status in S if status.is_terminal} == TERMINAL


def test_nothing_leads_from_an_end_but_a_retry() -> None:
    assert {event for (source, event) in TRANSITIONS if source.is_terminal} == {E.RETRY}


@pytest.mark.parametrize(
    ("status", "outcome", "gaps", "may"),
    [
        (S.FAILED, None, 0, True),
        (S.CANCELLED, None, 0, True),
        (S.COMPLETED, Outcome.INGESTED, 0, False),
        (S.COMPLETED, Outcome.EMPTY, 0, True),
        (S.COMPLETED, Outcome.UPDATED, 2, True),
        (S.QUEUED, None, 0, False),
        (S.RUNNING, None, 0, False),
        (S.PAUSED, None, 0, False),
    ],
)
def test_a_completed_job_is_retried_only_where_it_can_help(
    status: JobStatus, outcome: Outcome | None, gaps: int, may: bool
) -> None:
    assert may_retry(status, outcome, gaps) is may
