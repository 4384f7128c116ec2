"""The receipt of a job as a card: a row of figures, what is known of the file, and each gap with its reason.

``card_of`` chooses the words; ``html_of`` lays them out. What comes from a document or a name is escaped: it is text
and never markup.
"""

from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QCoreApplication

from ingest_desktop.domain.enums import JobPhase, JobStatus, Outcome
from ingest_desktop.domain.models import Job, Receipt
from ingest_desktop.domain.text import one_line
from ingest_desktop.domain.units import is_counted
from ingest_desktop.ui import formats, theme, units, words
from ingest_desktop.ui.language_names import language_name

MOST_LINES = 24  # of gaps, and of warnings; the rest is counted
LEAST_SECONDS = 0.01

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with what it counts. ``needy``: a person should see it."""

    value: str
    caption: str
    needy: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """What is shown, from the top."""

    lead: str = ""
    figures: tuple[Figure, ...] = ()
    gaps: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


def card_of(job: Job, base_name: str) -> Card:
    """The card of a job in any state."""
    receipt, facts = job.receipt, _about_file(job, base_name)
    if receipt is None or (job.status is not JobStatus.COMPLETED and not _came_to_something(receipt)):
        return Card(lead=_nothing_yet(job), facts=tuple(facts))
    return Card(
        figures=tuple(_figures(job, receipt)),
        gaps=_gaps(job, receipt),
        warnings=_shortened([one_line(said) for said in receipt.warnings]),
        facts=tuple(_about_reading(receipt) + facts),
    )


def _came_to_something(receipt: Receipt) -> bool:
    return bool(receipt.units_seen or receipt.chunks_stored or receipt.units_failed or receipt.warnings)


def _nothing_yet(job: Job) -> str:
    if job.status is JobStatus.FAILED:
        return translate("receipt", "It failed before there was anything to account for.")
    if job.status is JobStatus.CANCELLED:
        return translate("receipt", "It was cancelled before there was anything to account for.")
    return translate("receipt", "The receipt is written when the job is done.")


def _figures(job: Job, receipt: Receipt) -> list[Figure]:
    found = []
    failed, number = len(receipt.units_failed), formats.number
    if not failed and job.gaps:
        found.append(Figure(words.parts(job.gaps), translate("receipt", "could not be read"), True))
    if is_counted(receipt.unit) and receipt.units_seen:
        found.append(Figure(units.amount(receipt.units_seen, receipt.unit), translate("receipt", "seen")))
        if receipt.units_with_text or receipt.units_empty or failed:
            found.append(Figure(number(receipt.units_with_text), translate("receipt", "with text")))
            if receipt.units_by_ocr:
                found.append(Figure(number(receipt.units_by_ocr), translate("receipt", "by text recognition")))
            found.append(Figure(number(receipt.units_empty), translate("receipt", "without text")))
            found.append(Figure(number(failed), translate("receipt", "could not be read"), failed > 0))
    elif failed:
        found.append(Figure(words.parts(failed), translate("receipt", "could not be read"), True))
    empty = job.outcome is Outcome.EMPTY
    found.append(Figure(words.passages(receipt.chunks_indexed), translate("receipt", "can be found"), empty))
    if receipt.chars:
        found.append(Figure(number(receipt.chars), translate("receipt", "characters")))
    return found


def _gaps(job: Job, receipt: Receipt) -> tuple[str, ...]:
    """What could not be read. Of a file that is as it was nothing is read: which parts they were stands elsewhere."""
    if job.gaps and not receipt.units_failed:
        return (
            translate(
                "receipt",
                "It had not changed and was not read again. An earlier job of this file names what is missing.",
            ),
        )
    return _shortened([_gap(receipt.unit, number, why) for number, why in receipt.units_failed])


def _gap(unit: str, number: int, why: str) -> str:
    """One gap: "Page 3: why". A file in an archive has its name in the reason."""
    if unit == "member" or not is_counted(unit):
        return one_line(why)
    return translate("receipt", "{unit}: {why}").format(unit=units.numbered(number, unit), why=one_line(why))


def _shortened(lines: list[str]) -> tuple[str, ...]:
    if len(lines) <= MOST_LINES:
        return tuple(lines)
    more = translate("receipt", "and {n} more").format(n=formats.number(len(lines) - MOST_LINES))
    return (*lines[:MOST_LINES], more)


def _about_reading(receipt: Receipt) -> list[tuple[str, str]]:
    found = []
    if receipt.duplicate_path:
        found.append((translate("receipt", "Same content as"), one_line(receipt.duplicate_path)))
    if receipt.chunks_indexed < receipt.chunks_stored:
        found.append((translate("receipt", "Stored"), words.passages(receipt.chunks_stored)))
    names = _fact_names()
    found += [(names[fact], one_line(said)) for fact, said in receipt.facts.items() if fact in names]
    if receipt.language:
        guess = translate("receipt", "{language} (a guess)").format(language=language_name(receipt.language))
        found.append((translate("receipt", "Language"), guess))
    elif receipt.chars:
        found.append((translate("receipt", "Language"), translate("receipt", "not clear")))
    if receipt.encoding:
        found.append((translate("receipt", "Encoding"), receipt.encoding))
    name, _, version = receipt.reader.partition("/")
    if name:
        pattern = translate("receipt", "{name}, version {version}")
        found.append((translate("receipt", "Reader"), pattern.format(name=one_line(name), version=version)))
    if receipt.segments_reused:
        kept = translate("receipt", "{n} of {parts}").format(
            n=formats.number(receipt.segments_reused), parts=words.parts(receipt.segments)
        )
        found.append((translate("receipt", "Kept from an earlier run"), kept))
    if spent := _time_spent(receipt.seconds):
        found.append((translate("receipt", "Time"), spent))
    return found


def _fact_names() -> dict[str, str]:
    """What a document may say of itself, as people call it."""
    return {
        "title": translate("receipt", "Title"),
        "author": translate("receipt", "Author"),
        "subject": translate("receipt", "Subject"),
        "keywords": translate("receipt", "Keywords"),
        "created": translate("receipt", "Created"),
        "changed": translate("receipt", "Changed"),
    }


def _time_spent(seconds: dict[str, float]) -> str:
    """Seconds by phase: "Reading 1.20 s, Storing 0.31 s"; what took less than a hundredth is left out."""
    pattern = translate("receipt", "{phase} {seconds} s")
    return ", ".join(
        pattern.format(
            phase=words.phase_name(JobPhase(phase)) if phase in set(JobPhase) else one_line(phase),
            seconds=formats.decimal(value, 2),
        )
        for phase, value in seconds.items()
        if value >= LEAST_SECONDS
    )


def _about_file(job: Job, base_name: str) -> list[tuple[str, str]]:
    found = [
        (translate("receipt", "Knowledge base"), base_name),
        (translate("receipt", "Folder"), one_line(words.folder_of(job.source_path))),
        (translate("receipt", "Size"), formats.size(job.byte_size)),
    ]
    if job.mime_type:
        found.append((translate("receipt", "Type"), job.mime_type))
    if job.attempts > 1:
        found.append((translate("receipt", "Tried"), words.times(job.attempts)))
    if job.started_at and job.completed_at and not (job.receipt and job.receipt.seconds):
        seconds = (job.completed_at - job.started_at).total_seconds()
        found.append((translate("receipt", "From start to end"), formats.duration(seconds)))
    return found


def html_of(card: Card, tokens: theme.Tokens, lines: int = 1) -> str:
    """The card laid out, in the colours of a theme, with its figures in so many lines."""
    parts = [f"<p>{escape(card.lead)}</p>"] if card.lead else []
    parts.append(figures_of(card, tokens, lines))
    for title, told, color in (
        (translate("receipt", "Could not be read"), card.gaps, tokens.warning),
        (translate("receipt", "Notes"), card.warnings, tokens.text),
    ):
        if told:
            said = "<br>".join(map(escape, told))
            parts.append(f"<p style='margin-top:10px'><b style='color:{color}'>{escape(title)}</b><br>{said}</p>")
    half = (len(card.facts) + 1) // 2
    beside = [*card.facts[half:], ("", "")]
    rows = "".join(
        f"<tr>{_fact(*left, tokens)}{_fact(*right, tokens)}</tr>"
        for left, right in zip(card.facts[:half], beside, strict=False)
    )
    parts.append(f"<table cellspacing='0' cellpadding='1' style='margin-top:10px'>{rows}</table>")
    return "".join(parts)


def figures_of(card: Card, tokens: theme.Tokens, lines: int) -> str:
    """The figures of a card, in so many lines or fewer."""
    beside = max(1, -(-len(card.figures) // lines))
    rows = [card.figures[first : first + beside] for first in range(0, len(card.figures), beside)]
    laid = "".join(f"<tr>{''.join(_cell(figure, tokens) for figure in row)}</tr>" for row in rows)
    return f"<table cellspacing='0' cellpadding='0'>{laid}</table>" if rows else ""


def _fact(label: str, value: str, tokens: theme.Tokens) -> str:
    return (
        f"<td style='color:{tokens.muted}; padding-right:16px; white-space:nowrap'>{escape(label)}</td>"
        f"<td style='padding-right:40px'>{escape(value)}</td>"
    )


def _cell(figure: Figure, tokens: theme.Tokens) -> str:
    color = tokens.warning if figure.needy else tokens.text
    return (
        f"<td style='padding-right:28px; white-space:nowrap'>"
        f"<span style='font-size:large; font-weight:600; color:{color}'>{escape(figure.value)}</span><br>"
        f"<span style='color:{color if figure.needy else tokens.muted}'>{escape(figure.caption)}</span></td>"
    )
