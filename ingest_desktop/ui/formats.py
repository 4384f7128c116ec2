"""Numbers, sizes, durations and dates as a person of this locale writes them."""

from datetime import UTC, datetime

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from ingest_desktop.domain.units import is_counted, is_paced
from ingest_desktop.ui import units as named

translate = QCoreApplication.translate
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def number(value: int) -> str:
    """A whole number with the locale's grouping: 12,345."""
    return QLocale().toString(value)


def size(value: int) -> str:
    """A size in bytes: 84 kB, 2.1 MB."""
    if value < 1_000:
        return translate("formats", "{n} B").format(n=number(value))
    leading = float(value)
    while leading >= 1_000:
        leading /= 1_000
    digits = 1 if value >= 1_000_000 and leading < 10 else 0
    return QLocale().formattedDataSize(value, digits, QLocale.DataSizeFormat.DataSizeSIFormat)


def percent(fraction: float) -> str:
    """A share, 0 to 1, rounded down so that 100 % means all of it."""
    return translate("formats", "{n} %").format(n=number(int(fraction * 100)))


def duration(seconds: float) -> str:
    """A length of time in its largest two units: 8 s, 2 min 05 s, 3 h 20 min, 2 d 4 h."""
    whole = max(0, round(seconds))
    if whole < MINUTE:
        return translate("formats", "{s} s").format(s=whole)
    if whole < HOUR:
        return translate("formats", "{m} min {s:02} s").format(m=whole // MINUTE, s=whole % MINUTE)
    if whole < DAY:
        return translate("formats", "{h} h {m:02} min").format(h=whole // HOUR, m=whole % HOUR // MINUTE)
    return translate("formats", "{d} d {h} h").format(d=whole // DAY, h=whole % DAY // HOUR)


def rate(per_second: float, unit: str) -> str:
    """A speed: 12 pages/s, 3.1 MB/s. Blank when there is none, or when what is read in one go has none to tell."""
    if per_second <= 0 or unit == "whole":
        return ""
    if not is_paced(unit):
        return translate("formats", "{size}/s").format(size=size(round(per_second)))
    return named.pace(QLocale().toString(float(per_second), "f", 1 if per_second < 10 else 0), unit)


def local(moment: datetime) -> QDateTime:
    """An aware time as Qt knows it, in the local zone."""
    return QDateTime.fromMSecsSinceEpoch(round(moment.timestamp() * 1000))


def when(moment: datetime | None, now: datetime | None = None) -> str:
    """The time of day for today, else the date and time, both short."""
    if moment is None:
        return ""
    here = local(moment)
    today = local(now or datetime.now(UTC)).date()
    if here.date() == today:
        return QLocale().toString(here.time(), QLocale.FormatType.ShortFormat)
    return QLocale().toString(here, QLocale.FormatType.ShortFormat)


def day_or_time(moment: datetime, now: datetime | None = None) -> str:
    """The time of day for today, else the date alone: what fits in a column."""
    here = local(moment)
    if here.date() == local(now or datetime.now(UTC)).date():
        return QLocale().toString(here.time(), QLocale.FormatType.ShortFormat)
    return QLocale().toString(here.date(), QLocale.FormatType.ShortFormat)


def units(done: int, total: int, unit: str) -> str:
    """Units as "310/512" while they are read, with their name once all are: "512 pages". Else nothing."""
    if not is_counted(unit) or (done < total and not is_paced(unit)):
        return ""
    if not total:
        return named.amount(done, unit) if done else ""
    if done < total:
        return f"{number(done)}/{number(total)}"
    return named.amount(total, unit)


def ordinal(place: int) -> str:
    """1st, 2nd, 3rd … for English; other languages translate the pattern."""
    if QLocale().language() != QLocale.Language.English:
        return translate("formats", "number {n}").format(n=number(place))
    last = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{number(place)}{last}"


def exact(moment: datetime) -> str:
    """Date and time to the second, in the local zone."""
    return QLocale().toString(local(moment), "yyyy-MM-dd HH:mm:ss")


def decimal(value: float, digits: int) -> str:
    """A number with so many digits after the separator."""
    return QLocale().toString(value, "f", digits)
