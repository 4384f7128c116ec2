"""Error codes and outcomes, gathered into causes."""

from ingest_desktop.domain.causes import CAUSES, Cause, cause_of, codes_of
from ingest_desktop.domain.enums import Outcome
from ingest_desktop.domain.errors import SourceError, by_code


def test_every_trouble_with_a_file_has_a_cause_of_its_own() -> None:
    codes = {code for code, error in by_code().items() if issubclass(error, SourceError)} - {SourceError.code}
    assert codes <= set(CAUSES)
    assert set(CAUSES) <= set(by_code())


def test_the_cause_of_a_job() -> None:
    assert cause_of("source_encrypted") is Cause.PASSWORD
    assert cause_of("of_another_package") is Cause.OTHER
    assert cause_of(None, Outcome.EMPTY) is Cause.RECOGNITION
    assert cause_of(None, Outcome.EMPTY, 3) is Cause.DAMAGED
    assert cause_of(None, Outcome.INGESTED, 3) is Cause.GAPS
    assert cause_of(None, Outcome.INGESTED) is None
    assert codes_of(Cause.GONE) == {"source_gone", "source_unreadable"}
    assert codes_of(Cause.GAPS) == frozenset()
