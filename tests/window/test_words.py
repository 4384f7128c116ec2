from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QLocale

from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome, PauseScope
from ingest_desktop.domain.errors import by_code
from ingest_desktop.domain.models import Progress
from ingest_desktop.domain.models.content import MARK_END, MARK_START
from ingest_desktop.ui import formats, theme, words
from ingest_desktop.ui.job_rows import Column, Row, texts_of
from ingest_desktop.ui.monitor_view import nice_top, rates
from ingest_desktop.ui.opener import viewer_command
from ingest_desktop.ui.search_model import parse_marks

from .fake_service import job

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": JobStatus.QUEUED}, "Waiting"),
        (
            {"status": JobStatus.QUEUED, "due_at": NOW + timedelta(seconds=20), "error_code": "store_busy"},
            "Retry in 20 s: store busy",
        ),
        ({"status": JobStatus.PAUSED, "pause_scope": PauseScope.BATCH}, "Paused: whole drop"),
        ({"status": JobStatus.PAUSED, "pause_scope": PauseScope.KNOWLEDGE_BASE}, "Paused: knowledge base"),
        ({"status": JobStatus.PAUSED, "pause_scope": PauseScope.APP}, "Paused: everything"),
        ({"status": JobStatus.PAUSED, "pause_scope": PauseScope.JOB}, "Paused by you"),
        ({"status": JobStatus.FAILED, "error_code": "source_encrypted"}, "Failed: password needed"),
        ({"status": JobStatus.COMPLETED, "outcome": Outcome.EMPTY}, "Empty: no text"),
        ({"status": JobStatus.COMPLETED, "outcome": Outcome.EMPTY, "gaps": 2}, "Empty: no text"),
        ({"status": JobStatus.COMPLETED, "outcome": Outcome.INGESTED, "gaps": 2}, "Completed with gaps"),
        ({"status": JobStatus.COMPLETED, "outcome": Outcome.DUPLICATE, "gaps": 2}, "Completed with gaps"),
        ({"status": JobStatus.COMPLETED, "outcome": Outcome.DUPLICATE}, "Completed: duplicate"),
        ({"status": JobStatus.RUNNING, "phase": JobPhase.EXTRACTING}, "Reading"),
        ({"status": JobStatus.RUNNING, "phase": JobPhase.HASHING}, "Up next"),
    ],
)
def test_a_status_is_a_word_with_a_reason(changes: dict[str, object], said: str) -> None:
    assert words.status(job(1, **changes), now=NOW) == said  # type: ignore[arg-type]


def test_a_retry_that_is_far_off_is_told_by_the_clock() -> None:
    due = NOW + timedelta(minutes=5)
    found = words.status(job(1, due_at=due, error_code="source_unreadable"), now=NOW)
    assert found == f"Retry at {formats.when(due, NOW)}: file unavailable"


def test_the_place_in_the_queue_is_told() -> None:
    assert words.status(job(1), place=3) == "Waiting: 3rd in line"
    assert words.status(job(1), place=1) == "Waiting: next in line"
    assert words.status(job(1), place=1, held="disk is low") == "Waiting: disk is low"
    assert [formats.ordinal(n) for n in (1, 2, 11, 12, 22, 113)] == ["1st", "2nd", "11th", "12th", "22nd", "113th"]


def test_live_progress_names_the_phase() -> None:
    assert words.status(job(1, JobStatus.RUNNING), progress=Progress(phase=JobPhase.INDEXING)) == "Storing"


def test_every_error_has_a_cause_and_a_next_step() -> None:
    for code, error in by_code().items():
        assert words.next_step(code) == error.hint
        assert words.reason(code)
    assert words.reason("never heard of") == "something went wrong"


@given(st.integers(0, 10_000_000))
def test_one_is_one_and_all_else_is_many(count: int) -> None:
    for said in (
        words.files(count),
        words.jobs(count),
        words.passages(count),
        words.documents(count),
        words.workers(count),
        words.parts(count),
        words.characters(count),
        words.skipped("link", count),
    ):
        assert said.startswith(f"{formats.number(count)} ")
        assert said.endswith("s") == (count != 1)
    assert words.attention(count).split(" ", 1)[1] == ("job needs attention" if count == 1 else "jobs need attention")


def test_what_was_left_out_is_counted_in_words() -> None:
    for code in (
        "hidden",
        "system",
        "link",
        "temporary",
        "kind",
        "special",
        "unreadable",
        "empty",
        "missing",
        "too_large",
    ):
        assert words.skipped(code, 1).startswith("1 ")
        assert words.skipped(code, 2).startswith("2 ")
    assert words.skipped("some_plugin_reason", 3) == "3 some plugin reason"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (22, "22 s"), (125, "2 min 05 s"), (3_600 * 3 + 60, "3 h 01 min"), (86_400 * 2 + 7_200, "2 d 2 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert formats.duration(seconds) == text


def test_sizes_and_numbers_follow_the_locale() -> None:
    assert formats.number(12_345) == "12,345"
    assert formats.size(2_100_000) == "2.1 MB"
    assert formats.size(312_000_000) == "312 MB"
    QLocale.setDefault(QLocale(QLocale.Language.German, QLocale.Country.Germany))
    assert formats.number(12_345) == "12.345"
    assert formats.size(2_100_000) == "2,1 MB"


def test_a_percentage_is_100_only_when_all_is_done() -> None:
    assert formats.percent(0.999) == "99 %"
    assert formats.percent(1.0) == "100 %"


@given(st.text(alphabet=f"ab<>&\n {MARK_START}{MARK_END}😀漢", max_size=40))
def test_marks_always_lie_inside_the_text(snippet: str) -> None:
    text, marks = parse_marks(snippet)
    units = len(text.encode("utf-16-le")) // 2
    assert not set(text) & {MARK_START, MARK_END, "\n"}
    assert all(0 <= start < start + length <= units for start, length in marks)


def test_marks_count_as_qt_counts() -> None:
    assert parse_marks(f"😀 {MARK_START}word{MARK_END}!") == ("😀 word!", ((3, 4),))


@pytest.mark.parametrize(
    ("snippet", "shown"),
    [
        ("5.6 Arrays . . . . . . . . . . . 24 5.7 Facilities........24", "5.6 Arrays … 24 5.7 Facilities …24"),
        ("Name: ________ Date: ____", "Name: … Date: ____"),
        ("and so on ... or e.g. this", "and so on ... or e.g. this"),
    ],
)
def test_dots_of_a_table_of_contents_leave_room_for_words(snippet: str, shown: str) -> None:
    assert parse_marks(snippet) == (shown, ())
    marked = f"{snippet} {MARK_START}word{MARK_END}"
    assert parse_marks(marked) == (f"{shown} word", ((len(shown) + 1, 4),))


@pytest.mark.parametrize("tokens", [theme.LIGHT, theme.DARK])
def test_text_has_contrast(tokens: theme.Tokens) -> None:
    for color in (tokens.text, tokens.muted, tokens.accent, tokens.danger, tokens.success, tokens.warning):
        for ground in (tokens.base, tokens.window, tokens.alternate):
            assert theme.contrast(color, ground) >= 4.5, (color, ground)
    assert theme.contrast(tokens.on_selection, tokens.selection) >= 4.5
    assert theme.contrast(tokens.on_mark, tokens.mark) >= 4.5


def test_the_plot_has_round_tops_and_complete_seconds() -> None:
    assert [nice_top(n) for n in (0.3, 1, 3, 51, 120)] == [1, 1, 5, 100, 200]
    series = rates([(95.0, 10.0), (98.5, 5.0), (99.9, 100.0)], 100.0)
    assert series[-1] == 3.0


def test_viewers_get_the_page() -> None:
    assert viewer_command("org.gnome.Evince.desktop", "/d/a.pdf", 3) == ["evince", "--page-index=3", "/d/a.pdf"]
    firefox = viewer_command("firefox.desktop", "/d/a b.pdf", 3)
    assert firefox is not None
    assert firefox[1:] == ["file:///d/a%20b.pdf#page=3"]
    assert viewer_command("unknown.desktop", "/d/a.pdf", 3) is None


def test_what_is_read_but_not_stored_is_not_all_done() -> None:
    row = Row(job(1, JobStatus.RUNNING))
    row.follow(Progress(phase=JobPhase.EXTRACTING, done=12, total=12, unit="page", units_per_second=4.0))
    texts = texts_of(row, "Library")
    assert texts[Column.STATUS] == "Storing"
    assert texts[Column.PROGRESS] == "99 %"
    assert texts[Column.LEFT] == ""
