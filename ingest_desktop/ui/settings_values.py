"""Settings as text: how a value is shown in its field, and what a person typed as a value."""

import math
from typing import Any

from pydantic.fields import FieldInfo
from PySide6.QtCore import QLocale

from ingest_desktop.config.settings import Group, Settings
from ingest_desktop.config.settings_checks import BadSettingError, checked
from ingest_desktop.ui import formats
from ingest_desktop.ui.formats import translate

UNITS = {"kB": 1_000, "MB": 1_000**2, "GB": 1_000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}


def info_of(name: str) -> FieldInfo:
    """What the settings class says of a setting."""
    return Settings.model_fields[name]


def _extra(info: FieldInfo) -> dict[str, Any]:
    extra = info.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}


def unit_of(info: FieldInfo) -> str:
    """The unit, such as "bytes" or "seconds", or nothing."""
    return str(_extra(info).get("unit", ""))


def is_live(info: FieldInfo) -> bool:
    """True when a change needs no restart."""
    return bool(_extra(info).get("live", True))


def group_of(info: FieldInfo) -> str:
    """The page of the dialog."""
    return str(_extra(info).get("group", Group.ADVANCED.value))


def parse(name: str, text: str) -> Any:
    """What was typed as a value of the setting.

    Raises:
        ValueError: It is no number, or the settings class refuses it; the message says so in plain words.
    """
    info = info_of(name)
    value: float | str = text.strip()
    if info.annotation is not str:
        try:
            value = _bytes(text) if unit_of(info) == "bytes" else _number(text)
        except ValueError:
            raise ValueError(translate("Settings", "This is not a number.")) from None
    try:
        return checked(name, value)
    except BadSettingError as error:
        raise ValueError(_sentence(info, error)) from None


def _bytes(text: str) -> float:
    typed = text.strip()
    factors = {**UNITS, translate("Settings", "bytes"): 1, "bytes": 1, "B": 1}
    for unit in sorted(factors, key=len, reverse=True):
        if typed.lower().endswith(unit.lower()):
            return _number(typed[: -len(unit)]) * factors[unit]
    return _number(typed)


def _number(text: str) -> float:
    value, good = QLocale().toDouble(text.strip())
    found = value if good else float(text.strip())
    if not math.isfinite(found):
        raise ValueError(text)
    return found


def _sentence(info: FieldInfo, error: BadSettingError) -> str:
    patterns = {
        "greater_than": translate("Settings", "More than {n}."),
        "greater_than_equal": translate("Settings", "At least {n}."),
        "less_than": translate("Settings", "Less than {n}."),
        "less_than_equal": translate("Settings", "At most {n}."),
    }
    if error.kind in patterns and error.limit is not None:
        return patterns[error.kind].format(n=shown(info, error.limit))
    return {
        "string_too_short": translate("Settings", "This cannot be empty."),
        "int_from_float": translate("Settings", "A whole number."),
        "int_parsing_size": translate("Settings", "This number is too large."),
    }.get(error.kind, translate("Settings", "This value cannot be used."))


def shown(info: FieldInfo, value: Any) -> str:
    """A value as it is put in its field."""
    if info.annotation is str:
        return str(value)
    if unit_of(info) == "bytes":
        return _shown_bytes(int(value))
    if isinstance(value, float) and value != int(value):
        return QLocale().toString(value, "f", QLocale.FloatingPointPrecisionOption.FloatingPointShortest.value)
    return formats.number(int(value))


def _shown_bytes(value: int) -> str:
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if value >= UNITS[unit] and value % UNITS[unit] == 0:
            return f"{formats.number(value // UNITS[unit])} {unit}"
    return f"{formats.number(value)} {translate('Settings', 'bytes')}"
